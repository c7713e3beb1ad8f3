package documents

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"image"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/xuri/excelize/v2"

	"reliefledger.org/ledger/eventstore/vault"
)

var (
	ctx    = context.Background()
	ledger = uuid.MustParse("00000000-0000-4000-8000-000000000001")
	case1  = uuid.MustParse("00000000-0000-4000-8000-000000000002")
	case2  = uuid.MustParse("00000000-0000-4000-8000-000000000003")
	pdf    = []byte("%PDF-1.7\n签领表 MARK 张三\n%%EOF\n")
)

func newStore(t testing.TB) (*Store, *vault.Vault) {
	v, err := vault.Create(filepath.Join(t.TempDir(), "vault.db"), ledger, vault.NewWrappingKey())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.Close() })
	return Open(filepath.Join(t.TempDir(), "documents"), ledger, v), v
}

func zipped(t *testing.T, names ...string) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range names {
		if _, err := w.Create(name); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestKinds(t *testing.T) {
	var jpg, pic, sheet bytes.Buffer
	img := image.NewGray(image.Rect(0, 0, 8, 8))
	if err := errors.Join(jpeg.Encode(&jpg, img, nil), png.Encode(&pic, img)); err != nil {
		t.Fatal(err)
	}
	x := excelize.NewFile()
	if err := errors.Join(x.Write(&sheet), x.Close()); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what string
		text []byte
		ext  string // empty: refused
	}{
		{"a PDF", pdf, ".pdf"},
		{"a JPEG", jpg.Bytes(), ".jpg"},
		{"a PNG", pic.Bytes(), ".png"},
		{"a TIFF", []byte("II*\x00\x08\x00\x00\x00"), ".tiff"},
		{"a WebP", []byte("RIFF\x24\x00\x00\x00WEBPVP8 \x18\x00\x00\x00"), ".webp"},
		{"a HEIC of a telephone", []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"), ".heic"},
		{"a workbook", sheet.Bytes(), ".xlsx"},
		{"an OFD", zipped(t, "OFD.xml", "Doc_0/Document.xml"), ".ofd"},
		{"a ZIP of anything", zipped(t, "a/OFD.xml.exe"), ""},
		{"a page with a PDF behind it", []byte("<html><script>alert(1)</script></html>\n%PDF-1.4\n"), ""},
		{"a page that begins as a JPEG", []byte("\xff\xd8\xff<script>alert(1)</script>"), ""},
		{"a workbook with macros", append(bytes.Clone(sheet.Bytes()), "xl/vbaProject.bin"...), ""},
		{"a web page", []byte("<!DOCTYPE html><html><script>alert(1)</script></html>"), ""},
		{"an SVG", []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>`), ""},
		{"a program", []byte("\x7fELF\x02\x01\x01\x00"), ""},
		{"a script", []byte("#!/bin/sh\nrm -rf /\n"), ""},
		{"text", []byte("签收"), ""},
		{"nothing", nil, ""},
		{"too much", append(bytes.Clone(pdf), make([]byte, MaxSize)...), ""},
		{"just not too much", append(bytes.Clone(pdf), make([]byte, MaxSize-len(pdf))...), ".pdf"},
	} {
		ext, err := Check(c.text)
		var no *Refused
		if ext != c.ext || (c.ext == "") != errors.As(err, &no) {
			t.Errorf("%s: %q, %v", c.what, ext, err)
		}
	}
}

func TestPutAndGet(t *testing.T) {
	s, _ := newStore(t)
	tag, err := s.Put(ctx, case1, pdf)
	if err != nil {
		t.Fatal(err)
	}
	again, err := s.Put(ctx, case1, pdf)
	if err != nil || !bytes.Equal(tag, again) {
		t.Errorf("the same again: %x, %v", again, err)
	}
	other, err := s.Put(ctx, case2, pdf)
	if err != nil || bytes.Equal(tag, other) {
		t.Errorf("of another case: %x, %v", other, err)
	}
	if text, err := s.Unseal(ctx, case1, tag); err != nil || !bytes.Equal(text, pdf) {
		t.Errorf("%q, %v", text, err)
	}
	var missing *Missing
	if _, err := s.Unseal(ctx, case2, tag[:5]); !errors.As(err, &missing) {
		t.Error("half a tag:", err)
	}
	if _, err := s.Unseal(ctx, case2, make([]byte, 32)); !errors.As(err, &missing) {
		t.Error("no document:", err)
	}
	if _, err := s.Unseal(ctx, uuid.New(), tag); !errors.Is(err, vault.ErrKeyGone) {
		t.Error("a case without a key:", err)
	}
	tags, strange, err := s.Tags()
	if err != nil || len(tags) != 2 || len(strange) != 0 {
		t.Error(tags, strange, err)
	}
	if err := s.Remove(tag, tag, nil); err != nil {
		t.Error(err)
	}
	if _, err := s.Unseal(ctx, case1, tag); !errors.As(err, &missing) {
		t.Error("removed:", err)
	}
}

// Every byte flipped, every length cut: it is named, and the document given
// again takes its place.
func TestAltered(t *testing.T) {
	s, _ := newStore(t)
	tag, err := s.Put(ctx, case1, pdf)
	if err != nil {
		t.Fatal(err)
	}
	other, err := s.Put(ctx, case1, append(bytes.Clone(pdf), 'x'))
	if err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(s.path(tag))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(whole, []byte("MARK")) || len(whole)%padTo != len(magic)+vault.NonceSize+16 {
		t.Errorf("%d bytes, which tell something", len(whole))
	}
	altered := func(what string, text []byte) {
		t.Helper()
		if err := os.WriteFile(s.path(tag), text, 0o600); err != nil {
			t.Fatal(err)
		}
		var bad *Altered
		if _, err := s.Unseal(ctx, case1, tag); !errors.As(err, &bad) {
			t.Errorf("%s: %v", what, err)
		}
	}
	for i := 0; i < len(whole); i += 37 {
		text := bytes.Clone(whole)
		text[i] ^= 1
		altered("a flipped byte", text)
		altered("a cut", whole[:i])
	}
	swapped, err := os.ReadFile(s.path(other))
	if err != nil {
		t.Fatal(err)
	}
	altered("another document in its place", swapped)
	altered("a longer one", append(bytes.Clone(whole), 0))
	altered("a huge one", make([]byte, MaxSize+3*padTo))
	if _, err := s.Put(ctx, case1, pdf); err != nil {
		t.Fatal(err)
	}
	if text, err := s.Unseal(ctx, case1, tag); err != nil || !bytes.Equal(text, pdf) {
		t.Errorf("given again: %v", err)
	}
}

// What was cut off while it was written is no document, and does no harm.
func TestCutOff(t *testing.T) {
	s, _ := newStore(t)
	tag, err := s.Put(ctx, case1, pdf)
	if err != nil {
		t.Fatal(err)
	}
	left := filepath.Join(filepath.Dir(s.path(tag)), "123.part")
	if err := os.WriteFile(left, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	tags, strange, err := s.Tags()
	if err != nil || len(tags) != 1 || len(strange) != 1 || !strings.HasSuffix(strange[0], ".part") {
		t.Error(tags, strange, err)
	}
	empty := Open(filepath.Join(t.TempDir(), "none"), ledger, nil)
	if tags, strange, err := empty.Tags(); tags != nil || strange != nil || err != nil {
		t.Error("of no folder:", tags, strange, err)
	}
}

// With the case's key its documents are noise.
func TestErased(t *testing.T) {
	s, v := newStore(t)
	tag, err := s.Put(ctx, case1, pdf)
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Erase(ctx, []uuid.UUID{case1}, nil, vault.Entry{}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Unseal(ctx, case1, tag); !errors.Is(err, vault.ErrKeyGone) {
		t.Error(err)
	}
	if _, err := s.Tag(ctx, case1, pdf); !errors.Is(err, vault.ErrKeyGone) {
		t.Error("whoever has the paper can still tell:", err)
	}
}

func FuzzOpen(f *testing.F) {
	s, _ := newStore(f)
	tag, err := s.Put(ctx, case1, pdf)
	if err != nil {
		f.Fatal(err)
	}
	whole, err := os.ReadFile(s.path(tag))
	if err != nil {
		f.Fatal(err)
	}
	a, err := s.aead(ctx, case1)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add([]byte(magic))
	f.Fuzz(func(t *testing.T, box []byte) {
		if text, why := open(a, box, s.bound(case1, tag)); why == "" && !bytes.Equal(text, pdf) {
			t.Fatal("somebody made one that opens")
		}
		_, _ = Check(box)
	})
}
