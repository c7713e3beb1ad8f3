// Package bench measures a ledger: how many payments it takes in a second, how
// fast everything is rebuilt from events, what that costs in memory and on
// disk, and how all of it grows. Beside each figure stands what the same disk
// does in a bare loop of write and sync, in the same run.
package bench
