package eventstore_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// TestDocNamesEveryPackage: whoever reads the package comment finds every package
// that stands below.
func TestDocNamesEveryPackage(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	named := 0
	err = filepath.WalkDir(".", func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.IsDir() || path == "." {
			return err
		}
		if e.Name() == "testdata" {
			return fs.SkipDir
		}
		if files, err := filepath.Glob(filepath.Join(path, "*.go")); err != nil || len(files) == 0 {
			return err
		}
		if named++; !bytes.Contains(doc, []byte(" "+filepath.ToSlash(path)+" ")) {
			t.Errorf("doc.go does not name %s", path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if named < 10 {
		t.Errorf("%d packages were looked at: this test looks in the wrong place", named)
	}
}
