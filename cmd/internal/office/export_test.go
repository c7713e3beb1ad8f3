package office

import "reliefledger.org/ledger/eventstore"

// Wrapped are options with which the store is wrapped as soon as it is opened.
func Wrapped(opts Options, wrap func(eventstore.Store) eventstore.Store) Options {
	opts.wrap = wrap
	return opts
}
