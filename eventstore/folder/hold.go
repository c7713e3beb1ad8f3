package folder

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"reliefledger.org/ledger/eventstore/embedded"
	"reliefledger.org/ledger/eventstore/node"
)

const (
	socketFile = "SOCKET"
	// bindFolder is where a socket is made before it gets its name: only its
	// owner enters it, so that at no moment anybody else could connect.
	bindFolder = "SOCKET.new"

	// stopPatience is how long a holder that ends waits for those whom it
	// serves. An append takes milliseconds; whoever is cut off sends again.
	stopPatience = 2 * time.Second
)

// hold is the hold on a folder, and the node that serves the others.
type hold struct {
	dir    string
	events *embedded.Store
	node   *node.Server
	served chan error // of the node; room for one
}

// serve lets other processes of this user in by the socket. The folder's lock
// is held, so a socket that lies there is a dead process's.
func serve(dir string, events *embedded.Store, opts Options) (*hold, error) {
	l, err := listen(dir)
	if err != nil {
		return nil, fmt.Errorf("serve folder %s: %w", dir, err)
	}
	h := &hold{dir: dir, events: events, served: make(chan error, 1),
		node: node.New(events, node.Options{Anonymous: node.Write, Checkpoints: true, Metrics: opts.Metrics, Log: opts.Log})}
	go func() { h.served <- h.node.Serve(l) }()
	return h, nil
}

// Close ends the hold: nobody new comes in, who is in finishes, the store is
// closed, and with its lock the folder is free.
func (h *hold) Close() error {
	// The name goes first: after the lock is given up it could be the next
	// holder's.
	err := os.Remove(filepath.Join(h.dir, socketFile))
	if errors.Is(err, fs.ErrNotExist) {
		err = nil // the whole folder may be gone
	}
	ctx, done := context.WithTimeout(context.Background(), stopPatience)
	defer done()
	h.node.Stop(ctx)
	return errors.Join(err, <-h.served, h.events.Close())
}

// listen makes the socket. It is bound in a folder that only its owner enters,
// made private, and only then moved to where others look for it.
func listen(dir string) (net.Listener, error) {
	private := filepath.Join(dir, bindFolder)
	if err := os.RemoveAll(private); err != nil {
		return nil, err
	}
	if err := os.Mkdir(private, 0o700); err != nil {
		return nil, err
	}
	path, name, err := shortName(private, socketFile)
	if err != nil {
		return nil, err
	}
	defer name.Close()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, err
	}
	l.SetUnlinkOnClose(false) // it is called otherwise by then
	made := filepath.Join(private, socketFile)
	if err := os.Chmod(made, 0o600); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	if err := os.Rename(made, filepath.Join(dir, socketFile)); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	if err := os.Remove(private); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// dialName is the name under which the folder's socket can be dialled; valid
// until the closer is closed.
func dialName(dir string) (path string, name io.Closer, err error) {
	return shortName(dir, socketFile)
}

// shortName names a file of a folder in a few plain characters: a socket's name
// has 107 bytes at most, and a folder's may have any number and any character.
// On Linux an open folder has a short second name.
func shortName(dir, file string) (path string, name io.Closer, err error) {
	if runtime.GOOS != "linux" {
		abs, err := filepath.Abs(filepath.Join(dir, file))
		return abs, io.NopCloser(nil), err
	}
	d, err := os.Open(dir)
	if err != nil {
		return "", nil, err
	}
	return fmt.Sprintf("/proc/self/fd/%d/%s", d.Fd(), file), d, nil
}
