package vault

import (
	"time"

	"github.com/google/uuid"
)

// Unwrapped keys are kept in memory, so that a list is shown or printed without asking
// the database for each name. A key that was erased must be forgotten there too:
//
//   - one that this process erases, before Erase returns;
//   - one that another process erases, when a minute (cacheAge) is over, whether the
//     vault is used or not, and at once when the vault is found wrapped anew, which is
//     how an erasure ends (rotate.go).
//
// Always all keys are forgotten: erasures are rare, and a key is soon read again.

const (
	// cacheKeys bounds the keys in memory: 32 bytes each, enough for the parties of a
	// county's list.
	cacheKeys = 50_000
	// cacheAge bounds how long a key stays there, and so how long one may still be used
	// here that another process has deleted.
	cacheAge = time.Minute
)

// cached is a key in memory, nil where there is none. The count is for keep.
func (v *Vault) cached(id uuid.UUID) (key []byte, forgotten int, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.closed {
		return nil, 0, ErrClosed
	}
	return v.cache[id], v.forgotten, nil
}

// keep keeps a key in memory. It was read from the database when keys had been forgotten
// that many times: were they forgotten again since, it may be one of those that had to
// be.
func (v *Vault) keep(id uuid.UUID, key []byte, forgotten int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.closed || v.forgotten != forgotten {
		return
	}
	if len(v.cache) >= cacheKeys {
		v.forgetLocked()
	}
	if len(v.cache) == 0 {
		v.forgetting = time.AfterFunc(cacheAge, v.forget)
	}
	v.cache[id] = key
}

// forget forgets all keys in memory.
func (v *Vault) forget() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.forgetLocked()
}

func (v *Vault) forgetLocked() {
	clear(v.cache)
	v.forgotten++
	if v.forgetting != nil {
		v.forgetting.Stop() // or it is what called
	}
}
