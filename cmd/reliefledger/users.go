package main

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"reliefledger.org/ledger/eventstore/node"
)

// The users of a node stand in a file that only its owner reads: a header, then
// one a line, "NAME ROLE SHA-256". Passwords are drawn by us, 130 random bits,
// so a plain hash of one tells nothing and is quick to check on every request.

const usersHeader = "relief ledger node users 1"

var nodeRoles = map[string]node.Access{"reader": node.Read, "writer": node.Write}

type nodeUser struct {
	name, role string
	hash       [sha256.Size]byte
}

// nodeUsers are the users of a node by name.
type nodeUsers map[string]nodeUser

// authorize says what a user may do. It takes as long for a name that is
// unknown, and for a wrong password as for the right one.
func (u nodeUsers) authorize(user, password string) (node.Access, bool) {
	known := u[user] // unknown: a hash of zeros, which nothing has
	hash := sha256.Sum256([]byte(password))
	if subtle.ConstantTimeCompare(hash[:], known.hash[:]) != 1 {
		return node.NoAccess, false
	}
	return nodeRoles[known.role], true
}

func readUsers(path string) (nodeUsers, error) {
	text, err := readPrivate(path)
	if err != nil {
		return nil, err
	}
	return parseUsers(path, text)
}

func parseUsers(path string, text []byte) (nodeUsers, error) {
	scan := bufio.NewScanner(bytes.NewReader(text))
	if !scan.Scan() || scan.Text() != usersHeader {
		return nil, &keyError{path, errors.New("not a file of users")}
	}
	users := nodeUsers{}
	for line := 2; scan.Scan(); line++ {
		if strings.TrimSpace(scan.Text()) == "" {
			continue
		}
		fields := strings.Fields(scan.Text())
		if len(fields) != 3 {
			return nil, &keyError{path, fmt.Errorf("line %d is not NAME reader|writer SHA-256", line)}
		}
		if _, known := nodeRoles[fields[1]]; !known {
			return nil, &keyError{path, fmt.Errorf("line %d has no role reader or writer", line)}
		}
		hash, err := hex.DecodeString(fields[2])
		if _, twice := users[fields[0]]; err != nil || len(hash) != sha256.Size || twice {
			return nil, &keyError{path, fmt.Errorf("line %d: a name twice, or no SHA-256", line)}
		}
		users[fields[0]] = nodeUser{fields[0], fields[1], [sha256.Size]byte(hash)}
	}
	return users, scan.Err()
}

func (p *program) nodeUserCommand() *cobra.Command {
	var file, role string
	c := &cobra.Command{
		Use:   "user NAME",
		Short: p.say("登记节点用户并生成其口令（只显示一次）", "enter a user of the node and draw his password, shown once"),
		Long:  p.say("同名用户得到新口令；要除名，删去文件中该行并重启节点。", "A user who is there gets a new password. To remove one, take his line out of the file and restart the node."),
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			name := args[0]
			strange := func(r rune) bool {
				return unicode.IsSpace(r) || !unicode.IsPrint(r) || strings.ContainsRune(`:"/@%?#`, r)
			}
			if strings.ContainsFunc(name, strange) || name == "" {
				return &inputError{what: name, why: p.say(`用户名不得含空格、: / @ % ? # "`, `a user's name has no blanks and none of : / @ % ? # "`)}
			}
			if _, known := nodeRoles[role]; !known {
				return &inputError{what: "--role", why: fmt.Sprintf("%q: reader, writer", role)}
			}
			// Two at once would lose one of the users.
			lock, err := os.OpenFile(file+".new", os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
			if err != nil {
				return &keyError{file, fmt.Errorf("%s: %w", p.say("另一进程正在写（或中断后遗留 .new 文件）", "another process is writing it, or left its .new behind"), err)}
			}
			defer os.Remove(file + ".new")
			if err := lock.Close(); err != nil {
				return &keyError{file, err}
			}
			users, err := readUsers(file)
			if errors.Is(err, os.ErrNotExist) {
				users = nodeUsers{}
			} else if err != nil {
				return err
			}
			password := rand.Text()
			users[name] = nodeUser{name, role, sha256.Sum256([]byte(password))}
			if err := writeUsers(file, users); err != nil {
				return &keyError{file, err}
			}
			if p.json {
				return writeJSON(os.Stdout, map[string]string{"user": name, "role": role, "password": password})
			}
			fmt.Printf(p.say("用户 %s（%s）的口令，只显示这一次：\n%s\n", "password of %s (%s), shown this once:\n%s\n"), name, role, password)
			return nil
		},
	}
	c.Flags().StringVar(&file, "users", "", "file of users 用户文件")
	c.Flags().StringVar(&role, "role", "reader", "reader, or writer: the ledger's own servers 角色")
	if err := c.MarkFlagRequired("users"); err != nil {
		panic(err)
	}
	return c
}

// writeUsers puts the file in place whole, readable by its owner only.
func writeUsers(path string, users nodeUsers) error {
	var text strings.Builder
	fmt.Fprintln(&text, usersHeader)
	var names []string
	for name := range users {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintf(&text, "%s %s %x\n", name, users[name].role, users[name].hash)
	}
	if err := os.WriteFile(path+".new", []byte(text.String()), 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}
