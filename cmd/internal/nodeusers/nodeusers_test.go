package nodeusers

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"reliefledger.org/ledger/cmd/internal/office"
	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore/node"
)

// A server of the ledger gets a password, which the node then knows.
func Example() {
	dir, err := os.MkdirTemp("", "nodeusers-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "users")
	password, err := Enter(file, "county", "writer")
	if err != nil {
		panic(err)
	}
	users, err := Read(file)
	if err != nil {
		panic(err)
	}
	access, ok := users.Authorize("county", password)
	fmt.Println(access == node.Write, ok)
	_, ok = users.Authorize("county", "a guess")
	fmt.Println(ok)
	// Output:
	// true true
	// false
}

// Whoever is entered again has a new password, and only that; the others keep theirs.
func TestEnter(t *testing.T) {
	file := filepath.Join(t.TempDir(), "users")
	enter := func(name, role string) string {
		t.Helper()
		password, err := Enter(file, name, role)
		if err != nil {
			t.Fatal(err)
		}
		return password
	}
	first, reader := enter("w", "writer"), enter("读者", "reader")
	second := enter("w", "reader")
	users, err := Read(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		what, name, password string
		access               node.Access
		known                bool
	}{
		{"a reader", "读者", reader, node.Read, true},
		{"with the new password, in the new role", "w", second, node.Read, true},
		{"with the old password", "w", first, node.NoAccess, false},
		{"with the password of another", "w", reader, node.NoAccess, false},
		{"without a password", "w", "", node.NoAccess, false},
		{"nobody", "x", first, node.NoAccess, false},
		{"no name", "", "", node.NoAccess, false},
		{"no name, and a hash of zeros", "", string(make([]byte, sha256.Size)), node.NoAccess, false},
	} {
		if access, known := users.Authorize(x.name, x.password); access != x.access || known != x.known {
			t.Errorf("%s: %v %v", x.what, access, known)
		}
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file: %v %v", info.Mode(), err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, password := range []string{first, second, reader} {
		if strings.Contains(string(text), password) {
			t.Error("a password stands in the file")
		}
	}
}

// What is no user is not entered, and the file stays as it was.
func TestNotEntered(t *testing.T) {
	file := filepath.Join(t.TempDir(), "users")
	if _, err := Enter(file, "w", "writer"); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct{ name, role, want string }{
		{"", "reader", "no blanks"},
		{"a b", "reader", "no blanks"},
		{"a\nb", "reader", "no blanks"},
		{"a:b", "reader", "none of :"},
		{"a@b", "reader", "none of :"},
		{"a\u202eb", "reader", "no blanks"},
		{"x", "", "reader, writer"},
		{"x", "king", "\"king\": reader, writer"},
	} {
		password, err := Enter(file, x.name, x.role)
		if password != "" || err == nil || !strings.Contains(err.Error(), x.want) || office.KindOf(err) != office.Unreadable {
			t.Errorf("%q as %q: %q %v", x.name, x.role, password, err)
		}
	}
	// Another process is writing, or was cut off.
	if err := os.WriteFile(file+".new", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Enter(file, "x", "reader"); office.KindOf(err) != office.NoKey || !strings.Contains(office.Sentence(err, domain.Zh), "另一进程正在写") {
		t.Errorf("while another writes: %v", err)
	}
	if err := os.Remove(file + ".new"); err != nil {
		t.Fatal(err)
	}
	if after, err := os.ReadFile(file); err != nil || string(after) != string(before) {
		t.Errorf("the file is another now: %s %v", after, err)
	}
	// A torn file is not written over.
	if err := os.WriteFile(file, before[:len(before)-9], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Enter(file, "x", "reader"); office.KindOf(err) != office.NoKey {
		t.Errorf("into a torn file: %v", err)
	}
	if after, err := os.ReadFile(file); err != nil || len(after) != len(before)-9 {
		t.Errorf("the torn file is another now: %s %v", after, err)
	}
	if _, err := os.Stat(file + ".new"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("its .new is left behind: %v", err)
	}
}

// A file of users is read whole, or not at all.
func TestFilesOfUsers(t *testing.T) {
	hash := fmt.Sprintf("%x", sha256.Sum256([]byte("secret")))
	const not = "not a file of users"
	for _, x := range []struct {
		what, text string
		mode       fs.FileMode
		want       string // what is wrong; empty: it is read
	}{
		{"one user", usersHeader + "\nw writer " + hash + "\n", 0o600, ""},
		{"blank lines, and no end of line", usersHeader + "\n\n  \nw writer " + hash, 0o600, ""},
		{"nobody", usersHeader + "\n", 0o600, ""},
		{"others may read it", usersHeader + "\nw writer " + hash + "\n", 0o640, "others may read it"},
		{"empty", "", 0o600, not},
		{"another file", "w writer " + hash + "\n", 0o600, not},
		{"of a later format", "relief ledger node users 2\nw writer " + hash + "\n", 0o600, not},
		{"torn in its header", usersHeader[:9], 0o600, not},
		{"torn in a hash", usersHeader + "\nw writer " + hash[:60], 0o600, "line 2: a name twice, or no SHA-256"},
		{"torn in the middle of a byte", usersHeader + "\nw writer " + hash[:61], 0o600, "line 2: a name twice, or no SHA-256"},
		{"torn behind a name", usersHeader + "\nw writer " + hash + "\nx", 0o600, "line 3 is not NAME reader|writer SHA-256"},
		{"more in a line", usersHeader + "\nw writer " + hash + " x\n", 0o600, "line 2 is not NAME"},
		{"no hash", usersHeader + "\nw writer secret\n", 0o600, "line 2: a name twice, or no SHA-256"},
		{"another role", usersHeader + "\nw king " + hash + "\n", 0o600, "line 2 has no role reader or writer"},
		{"a name twice", usersHeader + "\nw reader " + hash + "\n\nw writer " + hash + "\n", 0o600, "line 4: a name twice"},
		{"a line without end", usersHeader + "\n" + strings.Repeat("w", 100_000), 0o600, "token too long"},
	} {
		file := filepath.Join(t.TempDir(), "users")
		if err := os.WriteFile(file, []byte(x.text), x.mode); err != nil {
			t.Fatal(err)
		}
		users, err := Read(file)
		if x.want == "" {
			if err != nil || users == nil {
				t.Errorf("%s: %v", x.what, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), x.want) || users != nil || office.KindOf(err) != office.NoKey {
			t.Errorf("%s: %v %v", x.what, users, err)
		}
	}
	if _, err := Read(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) || office.KindOf(err) != office.NoKey {
		t.Errorf("a file that is not there: %v", err)
	}
}
