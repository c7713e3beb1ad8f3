package bench

import "os"

// bareLoop writes records of an event's size to a file and syncs each: what a
// disk allows to whoever waits for it each time.
type bareLoop struct{ f *os.File }

// record is about what a payment by hand takes on disk before compression.
const record = 1000

func newBareLoop(path string) (*bareLoop, error) {
	f, err := os.Create(path)
	return &bareLoop{f}, err
}

func (b *bareLoop) times(n int) error {
	buffer := make([]byte, record)
	for range n {
		if _, err := b.f.Write(buffer); err != nil {
			return err
		}
		if err := b.f.Sync(); err != nil {
			return err
		}
	}
	return nil
}

func (b *bareLoop) Close() error { return b.f.Close() }
