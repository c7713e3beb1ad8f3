package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"reliefledger.org/ledger/cmd/internal/office"
	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/projections"
)

// How subcommands open a ledger: for reading, for recording, or to ask for what is
// private. Each opens it once, for as long as the command runs.

// options are what an office is opened with.
func (p *program) options() (office.Options, error) {
	calendar, err := office.ReadCalendar(p.holidays)
	return office.Options{Calendar: calendar, AcceptLost: p.acceptLost, Tell: p.tell}, err
}

// reading opens a ledger for reading while do runs.
func (p *program) reading(ctx context.Context, do func(r *office.Reader) error) (err error) {
	opts, err := p.options()
	if err != nil {
		return err
	}
	r, err := office.Read(ctx, p.home, opts)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	return do(r)
}

// working opens a ledger for recording while do runs, for whoever has the keys.
func (p *program) working(ctx context.Context, do func(s *office.Session) error) (err error) {
	opts, err := p.options()
	if err != nil {
		return err
	}
	o, err := office.Open(ctx, p.home, opts)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, o.Close()) }()
	keys, err := o.Signers(p.keys...)
	if err != nil {
		return err
	}
	return do(&office.Session{Office: o, Keys: keys, Understood: p.tellRoster})
}

// asking is working for who asks to see something: did is the command, for the
// journal.
func (p *program) asking(ctx context.Context, did string, do func(s *office.Session, a *office.Asker) error) error {
	return p.working(ctx, func(s *office.Session) error {
		if err := s.MustBeOpened(); err != nil {
			return err
		}
		return do(s, s.Asker(did, p.why, s.Keys...))
	})
}

// showing reads books for a command, from a snapshot if there is one.
func (p *program) showing(show func(r *office.Reader, b *projections.Books, args []string) error) func(*cobra.Command, []string) error {
	return p.reads((*office.Reader).Books, show)
}

// proving is showing with books that were read from all events: what evidence rests
// on.
func (p *program) proving(show func(r *office.Reader, b *projections.Books, args []string) error) func(*cobra.Command, []string) error {
	return p.reads((*office.Reader).BooksFromEvents, show)
}

// readsBooks is how books are read.
type readsBooks func(r *office.Reader, ctx context.Context, until projections.Until) (*projections.Books, error)

func (p *program) reads(read readsBooks, show func(r *office.Reader, b *projections.Books, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		return p.reading(cmd.Context(), func(r *office.Reader) error {
			return p.books(cmd.Context(), r, read, func(b *projections.Books) error { return show(r, b, args) })
		})
	}
}

// naming reads books for a command that may name people in what it shows. Where it does
// not, no vault is opened, and nobody asks: a is nil.
func (p *program) naming(cmd *cobra.Command, did string, names bool, show func(r *office.Reader, a *office.Asker, b *projections.Books) error) error {
	over := func(r *office.Reader, a *office.Asker) error {
		return p.books(cmd.Context(), r, (*office.Reader).Books, func(b *projections.Books) error { return show(r, a, b) })
	}
	if !names {
		return p.reading(cmd.Context(), func(r *office.Reader) error { return over(r, nil) })
	}
	return p.asking(cmd.Context(), did, func(s *office.Session, a *office.Asker) error { return over(s.Reader, a) })
}

func (p *program) books(ctx context.Context, r *office.Reader, read readsBooks, show func(*projections.Books) error) error {
	until, err := p.until()
	if err != nil {
		return err
	}
	b, err := read(r, ctx, until)
	if err != nil {
		return err
	}
	if !p.json {
		p.warn(b)
	}
	return show(b)
}

// day reads a day that a flag gave; none is that on which the books are looked at.
func (p *program) day(r *office.Reader, b *projections.Books, flag, text string) (domain.Day, error) {
	if text == "" {
		return r.Today(b), nil
	}
	d, err := domain.ParseDay(text)
	if err != nil {
		return 0, office.InputErr(flag, err)
	}
	return d, nil
}
