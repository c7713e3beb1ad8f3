package esdb

import (
	"errors"
	"net"
	"syscall"
	"testing"
	"time"
)

// swallowing is an address whose packets are dropped, not refused, as behind a
// firewall or where a machine is gone: a listener that takes nothing and whose
// queue is full. Its kernel drops what wants to connect, and says nothing.
func swallowing(t testing.TB) string {
	l := listen(t, "127.0.0.1:0").(*net.TCPListener)
	t.Cleanup(func() { l.Close() })
	raw, err := l.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if err := raw.Control(func(fd uintptr) { err = syscall.Listen(int(fd), 0) }); err != nil { // a queue of one
		t.Fatal(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	for range 10 {
		c, err := net.DialTimeout("tcp", l.Addr().String(), 100*time.Millisecond)
		var late net.Error
		if errors.As(err, &late) && late.Timeout() {
			return l.Addr().String()
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
	}
	t.Skip("the queue of a listener does not get full here")
	return ""
}
