package esdb

import (
	"net"
	"sync"
	"testing"
)

// silent is an address at which connections are taken and nothing is ever said,
// as by a process that was stopped.
func silent(t testing.TB) string {
	l := listen(t, "127.0.0.1:0")
	var accepting sync.WaitGroup
	var conns []net.Conn
	accepting.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			conns = append(conns, c)
		}
	})
	t.Cleanup(func() {
		l.Close()
		accepting.Wait()
		for _, c := range conns {
			c.Close()
		}
	})
	return l.Addr().String()
}
