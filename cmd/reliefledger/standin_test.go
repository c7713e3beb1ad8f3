package main

import (
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"reliefledger.org/ledger/eventstore/esdb/standin"
)

// standIn stands in for an EventStoreDB with users:
//
//	standin start                     sets ADMIN, LEDGER and AUDITOR, addresses of each
//	standin put STREAM TYPE CONTENT   writes an event as the server does
//	standin bury PREFIX               deletes the streams that begin so for good
func standIn(t *testing.T) func(*testscript.TestScript, bool, []string) {
	var started sync.Map // by the script's folder
	return func(ts *testscript.TestScript, _ bool, args []string) {
		if args[0] == "start" {
			s := standin.Start(t, standin.Users{"admin": {"$admins"}, "ledger": nil, "auditor": nil})
			started.Store(ts.Getenv("WORK"), s)
			ts.Setenv("ADMIN", s.Connection("admin"))
			ts.Setenv("LEDGER", s.Connection("ledger"))
			ts.Setenv("AUDITOR", s.Connection("auditor"))
			return
		}
		found, _ := started.Load(ts.Getenv("WORK"))
		switch s := found.(*standin.Server); args[0] {
		case "put":
			s.Put(args[1], args[2], args[3])
		case "bury":
			streams := s.Streams(args[1])
			if len(streams) == 0 {
				ts.Fatalf("no stream begins with %s", args[1])
			}
			for _, stream := range streams {
				s.Bury(stream)
			}
		default:
			ts.Fatalf("standin %s?", args[0])
		}
	}
}
