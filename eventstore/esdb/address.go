package esdb

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	client "github.com/EventStore/EventStore-Client-Go/v4/esdb"

	"reliefledger.org/ledger/eventstore"
)

// BadAddress says why no store can be reached under a connection string.
type BadAddress struct {
	Address string // without user and password
	Why     string
}

func (e *BadAddress) Error() string {
	return fmt.Sprintf("address of an event store %s: %s", e.Address, e.Why)
}

// Redact returns a connection string without user and password, for logs,
// errors and files. A path of a folder is returned as it is.
func Redact(connection string) string {
	scheme, rest, ok := strings.Cut(connection, "://")
	if !ok {
		if strings.HasPrefix(connection, "/") || strings.HasPrefix(connection, ".") {
			return connection
		}
		scheme, rest = "", connection
	} else {
		scheme += "://"
	}
	// Up to the last "@" of all: a password in which somebody forgot to escape
	// an "@", "/" or "?" must not come through in part.
	return scheme + rest[strings.LastIndexByte(rest, '@')+1:]
}

// address is a connection string, understood.
type address struct {
	name   string // for people
	prefix string
	config client.Configuration
	// hail asks a server whether it is there.
	hail func(context.Context, *client.Client) error
}

// schemes of connection strings, and whether the name is to be looked up in DNS
// to discover a cluster.
var schemes = map[string]bool{
	"esdb": false, "esdb+discover": true,
	"kurrentdb": false, "kurrentdb+discover": true,
	"kurrent": false, "kurrent+discover": true,
	"kdb": false, "kdb+discover": true,
}

const (
	defaultPort = 2113
	// minKeepAlive is what gRPC makes of anything shorter.
	minKeepAlive = 10 * time.Second
	// maxPrefix leaves room for names.
	maxPrefix = eventstore.MaxStreamName / 4
)

// options of a connection string and what may stand there. They are checked
// here because the client logs the name of one that it does not know and goes
// on, and takes a deadline that it cannot read for zero.
var options = map[string]func(value string) (why string){
	"prefix":              checkPrefix,
	"tls":                 checkBool,
	"tlsverifycert":       checkBool,
	"tlscafile":           checkAny,
	"usercertfile":        checkAny,
	"userkeyfile":         checkAny,
	"defaultdeadline":     checkPositive,
	"discoveryinterval":   checkPositive,
	"gossiptimeout":       checkPositive,
	"keepalivetimeout":    checkPositive,
	"maxdiscoverattempts": checkPositive, // and no heed is paid to it: see gate.go
	"nodepreference": func(value string) string {
		if !strings.EqualFold(value, "leader") {
			return "must be leader: any other node may not know yet what was written"
		}
		return ""
	},
	"keepaliveinterval": func(value string) string {
		if checkPositive(value) != "" {
			return "must be a number of milliseconds: without it nobody would notice that a connection is dead"
		}
		return ""
	},
}

func checkAny(string) string { return "" }

func checkBool(value string) string {
	if _, err := strconv.ParseBool(strings.ToLower(value)); err != nil {
		return "must be true or false"
	}
	return ""
}

func checkPositive(value string) string {
	if n, err := strconv.ParseInt(value, 10, 32); err != nil || n < 1 {
		return "must be a number above 0"
	}
	return ""
}

func checkPrefix(value string) string {
	switch {
	case value == "":
		return "must not be empty"
	case value[0] == '$':
		return `must not begin with "$"`
	case !utf8.ValidString(value):
		return "must be UTF-8"
	case len(value) > maxPrefix:
		return fmt.Sprintf("has %d bytes, %d are allowed", len(value), maxPrefix)
	}
	return ""
}

var (
	serverName = regexp.MustCompile(`^([A-Za-z0-9._-]+)(?::([0-9]{1,5}))?$`)
	optionName = regexp.MustCompile(`^[A-Za-z]{1,40}$`) // that may be shown: it is no part of a password
)

// parseAddress takes a connection string apart by itself and gives the client
// only what is known to be good. What it says of a mistake holds nothing that
// could be part of a password; the client and package net/url quote what they
// could not read.
func parseAddress(connection string) (*address, error) {
	bad := func(format string, args ...any) error {
		return &BadAddress{Redact(connection), fmt.Sprintf(format, args...)}
	}
	scheme, rest, ok := strings.Cut(connection, "://")
	discover, known := schemes[strings.ToLower(scheme)]
	if !ok || !known {
		return nil, bad("must begin with esdb://, esdb+discover://, kurrentdb:// or kurrentdb+discover://")
	}
	if strings.ContainsRune(rest, '#') {
		return nil, bad(`must not have a "#"; in a password write %%23`)
	}
	authority, query, _ := strings.Cut(rest, "?")
	if strings.ContainsRune(query, '@') {
		// One could not tell an option from the rest of a password.
		return nil, bad(`must not have an "@" behind a "?"; write %%40, and in a password %%3F`)
	}
	config, prefix, err := parseOptions(query)
	if err != nil {
		return nil, bad("%s", err)
	}

	servers := authority
	if at := strings.LastIndexByte(authority, '@'); at >= 0 {
		user, password, _ := strings.Cut(authority[:at], ":")
		servers = authority[at+1:]
		var errUser, errPassword error
		config.Username, errUser = url.PathUnescape(user)
		config.Password, errPassword = url.PathUnescape(password)
		switch {
		case errUser != nil || errPassword != nil:
			return nil, bad(`user or password has a "%%" that escapes nothing; write %%25`)
		case config.Username == "" || config.Password == "":
			return nil, bad("needs both user and password, or neither")
		case config.DisableTLS:
			// The client would leave them out, and the server would ask who it is.
			return nil, bad("user and password are sent over TLS only, and here it says tls=false")
		}
	}
	if config.UserCertFile != "" && config.DisableTLS {
		return nil, bad("a user's certificate is sent over TLS only, and here it says tls=false")
	}

	seeds, why := parseServers(strings.TrimSuffix(servers, "/"))
	switch {
	case why != "":
		return nil, bad("%s", why)
	case discover && len(seeds) > 1:
		return nil, bad("is to be discovered by DNS, which takes one name, not %d", len(seeds))
	case len(seeds) == 1:
		config.Address, config.DnsDiscover = seeds[0].String(), discover
	default:
		config.GossipSeeds = seeds
	}
	if err := config.Validate(); err != nil {
		return nil, bad("%s", err)
	}
	return &address{name: strings.ToLower(scheme) + "://" + servers, prefix: prefix, config: *config, hail: ask}, nil
}

func parseServers(servers string) (seeds []*client.EndPoint, why string) {
	for i, server := range strings.Split(servers, ",") {
		if strings.ContainsRune(server, '[') {
			return nil, "IPv6 addresses are not known to the client: use a name"
		}
		parts := serverName.FindStringSubmatch(server)
		if parts == nil {
			return nil, fmt.Sprintf("server %d is not of the form name:port", i+1)
		}
		port := uint64(defaultPort)
		if parts[2] != "" {
			var err error
			if port, err = strconv.ParseUint(parts[2], 10, 16); err != nil || port == 0 {
				return nil, fmt.Sprintf("server %d has a port that none can have", i+1)
			}
		}
		seeds = append(seeds, &client.EndPoint{Host: parts[1], Port: uint16(port)})
	}
	return seeds, ""
}

// parseOptions checks the options and lets the client read those that are its
// own.
func parseOptions(query string) (config *client.Configuration, prefix string, err error) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, "", fmt.Errorf("the options are not of the form name=value&name=value")
	}
	theirs, keepAlive := url.Values{}, minKeepAlive
	for name, given := range values {
		lower := strings.ToLower(name)
		check, known := options[lower]
		switch {
		case !known && !optionName.MatchString(name):
			return nil, "", fmt.Errorf("has an option that is not known")
		case !known:
			return nil, "", fmt.Errorf("option %s is not known", name)
		case len(given) > 1 || theirs.Has(lower):
			return nil, "", fmt.Errorf("option %s is given more than once", name)
		}
		if why := check(given[0]); why != "" {
			return nil, "", fmt.Errorf("option %s %s", name, why)
		}
		theirs.Set(lower, given[0])
	}
	prefix = theirs.Get("prefix")
	if ms, err := strconv.Atoi(theirs.Get("keepaliveinterval")); err == nil {
		keepAlive = max(keepAlive, time.Duration(ms)*time.Millisecond)
	}
	// What the client would print about (it has no logger while it parses) or
	// does not know stays here.
	for _, ours := range []string{"prefix", "keepaliveinterval", "maxdiscoverattempts"} {
		theirs.Del(ours)
	}
	if config, err = client.ParseConnectionString("esdb://localhost?" + theirs.Encode()); err != nil {
		return nil, "", err
	}
	config.KeepAliveInterval = keepAlive
	config.Logger = client.NoopLogging()
	return config, prefix, nil
}

// maxSocketPath is what a socket's address has room for, beside its final zero.
const maxSocketPath = 107

// socketAddress is that of a unix socket, which the client's connection strings
// do not know but gRPC does.
func socketAddress(path string) (*address, error) {
	path, err := filepath.Abs(path)
	if err == nil && len(path) > maxSocketPath {
		err = fmt.Errorf("has %d bytes, %d are allowed", len(path), maxSocketPath)
	}
	if err != nil {
		return nil, &BadAddress{"unix:" + path, err.Error()}
	}
	config, _, err := parseOptions("tls=false")
	if err != nil {
		return nil, &BadAddress{"unix:" + path, err.Error()}
	}
	config.Address = (&url.URL{Scheme: "unix", Path: path}).String()
	return &address{name: "unix:" + path, config: *config, hail: ask}, nil
}

// timeToAnswer is how long a server that was found may take until it has said
// what it can do and answered a first call.
func (a *address) timeToAnswer() time.Duration { return 2 * a.gossipTimeout() }

// configOf is a client's own configuration, for one node.
func (a *address) configOf(n server, attempts int, log client.LoggingFunc) *client.Configuration {
	c := a.config
	c.Address, c.GossipSeeds, c.DnsDiscover = n.address, nil, false
	c.MaxDiscoverAttempts = attempts
	c.Logger = log
	return &c
}
