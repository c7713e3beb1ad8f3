// Package nodeusers keeps who may use a node, in a file that only its owner reads: a
// header, then one user a line, "NAME ROLE SHA-256".
//
//	password, err := nodeusers.Enter("users", "county", "writer") // shown once
//	users, err := nodeusers.Read("users")
//	opts := node.Options{Authorize: users.Authorize}
//
// Passwords are drawn by us, 130 random bits, so a plain hash of one tells nothing
// and is quick to check on every request.
package nodeusers

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"unicode"

	"reliefledger.org/ledger/cmd/internal/office"
	"reliefledger.org/ledger/cmd/internal/words"
	"reliefledger.org/ledger/eventstore/node"
)

const usersHeader = "relief ledger node users 1"

var roles = map[string]node.Access{"reader": node.Read, "writer": node.Write}

type user struct {
	name, role string
	hash       [sha256.Size]byte
}

// Users are the users of a node, by name.
type Users map[string]user

// Authorize says what a user may do. It takes as long for a name that is
// unknown, and for a wrong password as for the right one.
func (u Users) Authorize(name, password string) (node.Access, bool) {
	known := u[name] // unknown: a hash of zeros, which nothing has
	hash := sha256.Sum256([]byte(password))
	if subtle.ConstantTimeCompare(hash[:], known.hash[:]) != 1 {
		return node.NoAccess, false
	}
	return roles[known.role], true
}

// Read reads the file of users, which only its owner may read.
func Read(path string) (Users, error) {
	text, err := office.ReadPrivate(path)
	if err != nil {
		return nil, err
	}
	return parse(path, text)
}

func parse(path string, text []byte) (Users, error) {
	scan := bufio.NewScanner(bytes.NewReader(text))
	if !scan.Scan() || scan.Text() != usersHeader {
		return nil, &office.KeyError{Path: path, Zh: "不是节点用户文件", En: "not a file of users"}
	}
	users := Users{}
	for line := 2; scan.Scan(); line++ {
		if strings.TrimSpace(scan.Text()) == "" {
			continue
		}
		fields := strings.Fields(scan.Text())
		if len(fields) != 3 {
			return nil, &office.KeyError{Path: path, Zh: fmt.Sprintf("第 %d 行不是 NAME reader|writer SHA-256", line), En: fmt.Sprintf("line %d is not NAME reader|writer SHA-256", line)}
		}
		if _, known := roles[fields[1]]; !known {
			return nil, &office.KeyError{Path: path, Zh: fmt.Sprintf("第 %d 行的角色不是 reader 或 writer", line), En: fmt.Sprintf("line %d has no role reader or writer", line)}
		}
		hash, err := hex.DecodeString(fields[2])
		if _, twice := users[fields[0]]; err != nil || len(hash) != sha256.Size || twice {
			return nil, &office.KeyError{Path: path, Zh: fmt.Sprintf("第 %d 行：名称重复，或不是 SHA-256", line), En: fmt.Sprintf("line %d: a name twice, or no SHA-256", line)}
		}
		users[fields[0]] = user{fields[0], fields[1], [sha256.Size]byte(hash)}
	}
	if err := scan.Err(); err != nil {
		return nil, &office.KeyError{Path: path, Err: err}
	}
	return users, nil
}

// Enter enters a user in the file, which it makes where there is none, and draws the
// password, which stands nowhere else. A user who is there gets a new one.
func Enter(file, name, role string) (password string, err error) {
	strange := func(r rune) bool {
		return unicode.IsSpace(r) || !unicode.IsPrint(r) || strings.ContainsRune(`:"/@%?#`, r)
	}
	if strings.ContainsFunc(name, strange) || name == "" {
		return "", office.Input(name, `用户名不得含空格、: / @ % ? # "`, `a user's name has no blanks and none of : / @ % ? # "`)
	}
	if _, known := roles[role]; !known {
		return "", office.Input(words.Role.String(), "%q：reader, writer", "%q: reader, writer", role)
	}
	// Two at once would lose one of the users.
	lock, err := os.OpenFile(file+".new", os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return "", &office.KeyError{Path: file, Zh: "另一进程正在写（或中断后遗留 .new 文件）：" + err.Error(), En: "another process is writing it, or left its .new behind: " + err.Error()}
	}
	defer os.Remove(file + ".new")
	if err := lock.Close(); err != nil {
		return "", &office.KeyError{Path: file, Err: err}
	}
	users, err := Read(file)
	if errors.Is(err, os.ErrNotExist) {
		users = Users{}
	} else if err != nil {
		return "", err
	}
	password = rand.Text()
	users[name] = user{name, role, sha256.Sum256([]byte(password))}
	if err := users.write(file); err != nil {
		return "", &office.KeyError{Path: file, Err: err}
	}
	return password, nil
}

// write puts the file in place whole, readable by its owner only.
func (u Users) write(path string) error {
	var text strings.Builder
	fmt.Fprintln(&text, usersHeader)
	for _, name := range slices.Sorted(maps.Keys(u)) {
		fmt.Fprintf(&text, "%s %s %x\n", name, u[name].role, u[name].hash)
	}
	if err := os.WriteFile(path+".new", []byte(text.String()), 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}
