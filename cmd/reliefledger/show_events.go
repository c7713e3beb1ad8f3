package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"reliefledger.org/ledger/cmd/internal/office"
	"reliefledger.org/ledger/domain"
)

// showEvents are `show events` and `show stream`: the open parts of events.
func showEvents(p *program) []*cobra.Command {
	return []*cobra.Command{
		{Use: "stream NAME", Short: p.say("一个流的事件", "the events of one stream"), Args: cobra.ExactArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error { return listEvents(p, cmd, args[0]) }},
		{Use: "events", Short: p.say("全部事件", "all events"), Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error { return listEvents(p, cmd, "") }}}
}

// shownEvent is an event as `show events --json` writes it: its open part, as stored.
type shownEvent struct {
	Number   uint64    `json:"number"`
	ID       uuid.UUID `json:"id"`
	Stream   string    `json:"stream"`
	Revision uint64    `json:"revision"`
	Type     string    `json:"type"`
	Recorded string    `json:"recorded"`
	Open     any       `json:"open"`
	Leaf     string    `json:"leaf"`
	Error    string    `json:"error,omitempty"` // why it cannot be read
}

// listEvents goes through the events of a stream, or all, without holding them.
func listEvents(p *program, cmd *cobra.Command, stream string) error {
	until, err := p.until()
	if err != nil {
		return err
	}
	return p.reading(cmd.Context(), func(r *office.Reader) error {
		found := false
		err := r.Events(cmd.Context(), until, func(e office.OpenEvent) error {
			if stream != "" && e.Stream != stream {
				return nil
			}
			found = true
			if p.json {
				shown := shownEvent{Number: e.Number, ID: e.ID, Stream: e.Stream, Revision: e.Revision, Type: e.Type,
					Recorded: e.Recorded.UTC().Format("2006-01-02T15:04:05.000000Z"), Leaf: fmt.Sprintf("%x", e.Leaf)}
				if e.Open != nil {
					shown.Open = e.Open
				}
				if e.Err != nil {
					shown.Error = e.Err.Error()
				}
				return writeJSONLine(shown)
			}
			note := ""
			if e.Err != nil {
				note = "  " + p.say("无法读取：", "cannot be read: ") + printable(e.Err.Error())
			}
			fmt.Printf("%6d  %s  %-22s %s@%d%s\n", e.Number, e.Recorded.In(domain.Shanghai).Format(time.DateTime), printable(e.Type), printable(e.Stream), e.Revision, note)
			return nil
		})
		if err == nil && stream != "" && !found {
			return office.Input(strings.TrimSpace(stream), "没有这个流", "no such stream")
		}
		return err
	})
}
