package bench

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

func n() int { n, _ := strconv.Atoi(os.Getenv("N")); return max(n, 10000) }

func TestRun(t *testing.T) {
	r, err := Run(context.Background(), Options{Plan: Plan{1, n()}, Dir: filepath.Join(t.TempDir(), "b"), Say: func(zh, en string) { fmt.Println(en) }})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range r.Figures {
		fmt.Printf("%-20s %12.2f %-10s %12.2f %v\n", f.Name, f.Value, f.Unit, f.Target, f.Met())
	}
}
