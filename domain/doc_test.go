package domain

import (
	"fmt"
	"go/ast"
	"go/doc"
	"go/doc/comment"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The package comment is the first thing that a newcomer reads, so it must be
// true: all that it names exists, every one of the twelve rules has an entry with
// the functions that keep it and their files, every code stands in the entry of
// its rule, and no file is left out.
func TestPackageCommentIsTrue(t *testing.T) {
	fset, p, codes := parsePackage(t)
	names := namesOf(fset, p)
	for _, m := range regexp.MustCompile(`\[(\w+(?:\.\w+)?)\]`).FindAllStringSubmatch(p.Doc, -1) {
		if names[m[1]] == "" {
			t.Errorf("the package comment names [%s], which does not exist", m[1])
		}
	}
	rules := ruleEntries(t, p)
	for rule := 1; rule <= 12; rule++ {
		if e := rules[rule]; e == nil || len(e.functions) == 0 || len(e.codes) == 0 {
			t.Errorf("rule %d has no entry with functions and codes", rule)
		}
	}
	for rule, e := range rules {
		for f, file := range e.functions {
			if names[f] == "" || names[f] != file {
				t.Errorf("rule %d: %s does not stand in %s", rule, f, file)
			}
		}
		for c, how := range e.codes {
			if was, ok := codes[c]; !ok || was != (codeOf{how, rule}) {
				t.Errorf("rule %d: %s is no code that is %s by this rule", rule, c, how)
			}
		}
	}
	for c, was := range codes {
		if e := rules[was.rule]; e == nil || e.codes[c] == "" {
			t.Errorf("the code %s stands in no entry; it is of rule %d", c, was.rule)
		}
	}
	named := regexp.MustCompile(`\w+\.go\b`).FindAllString(p.Doc, -1)
	for _, file := range p.Filenames {
		if !slices.Contains(named, file) && file != "doc.go" {
			t.Errorf("the package comment does not say what %s has", file)
		}
	}
	for _, file := range named {
		if !slices.Contains(p.Filenames, file) {
			t.Errorf("the package comment names the file %s, which does not exist", file)
		}
	}
	for _, test := range regexp.MustCompile(`\bTest\w+`).FindAllString(p.Doc, -1) {
		if !hasTest(t, test) {
			t.Errorf("the package comment names %s, which does not exist", test)
		}
	}
}

// hasTest says whether a test file of the package has a test.
func hasTest(t *testing.T, name string) bool {
	t.Helper()
	paths, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(paths, func(path string) bool {
		text, err := os.ReadFile(path)
		return err == nil && strings.Contains(string(text), "\nfunc "+name+"(")
	})
}

// codeOf is how a code is used, and by which rule; 0 is none.
type codeOf struct {
	how  string // refused or charged
	rule int
}

// ruleEntry is what the package comment says of one rule.
type ruleEntry struct {
	functions map[string]string // and the file of each
	codes     map[string]string // and how each is used
}

// parsePackage reads the package's source, and finds its codes.
func parsePackage(t *testing.T) (*token.FileSet, *doc.Package, map[string]codeOf) {
	t.Helper()
	paths, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	fset := token.NewFileSet()
	var files []*ast.File
	codes := map[string]codeOf{}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		f, err := parser.ParseFile(fset, path, text, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
		ast.Inspect(f, func(n ast.Node) bool {
			if v, ok := n.(*ast.ValueSpec); ok && len(v.Values) == 1 {
				if code, ok := codeIn(v.Values[0]); ok {
					codes[v.Names[0].Name] = code
				}
			}
			return true
		})
	}
	p, err := doc.NewFromFiles(fset, files, "reliefledger.org/ledger/domain", doc.AllDecls|doc.PreserveAST)
	if err != nil {
		t.Fatal(err)
	}
	if len(codes) != len(Codes())+len(Charges()) {
		t.Fatalf("the source has %d codes, the package %d", len(codes), len(Codes())+len(Charges()))
	}
	return fset, p, codes
}

// codeIn is the code that an expression defines.
func codeIn(x ast.Expr) (codeOf, bool) {
	call, ok := x.(*ast.CallExpr)
	if !ok || len(call.Args) != 4 {
		return codeOf{}, false
	}
	made, ok := call.Fun.(*ast.Ident)
	if !ok {
		return codeOf{}, false
	}
	how, ok := map[string]string{"newCode": "refused", "charge": "charged"}[made.Name]
	number, literal := call.Args[0].(*ast.BasicLit)
	if !ok || !literal {
		return codeOf{}, false
	}
	rule, err := strconv.Atoi(number.Value)
	return codeOf{how, rule}, err == nil
}

// namesOf are the names of all that a package declares, and their files: a
// function is named f, a method T.m.
func namesOf(fset *token.FileSet, p *doc.Package) map[string]string {
	names := map[string]string{}
	in := func(n ast.Node) string { return fset.Position(n.Pos()).Filename }
	values := func(list []*doc.Value) {
		for _, v := range list {
			for _, n := range v.Names {
				names[n] = in(v.Decl)
			}
		}
	}
	functions := func(of string, list []*doc.Func) {
		for _, f := range list {
			names[of+f.Name] = in(f.Decl)
		}
	}
	values(p.Consts)
	values(p.Vars)
	functions("", p.Funcs)
	for _, t := range p.Types {
		names[t.Name] = in(t.Decl)
		values(t.Consts)
		values(t.Vars)
		functions("", t.Funcs)
		functions(t.Name+".", t.Methods)
	}
	return names
}

// ruleEntries reads the index of the package comment: a paragraph that begins
// with "Rule 1." or "No rule.", and the block below it.
func ruleEntries(t *testing.T, p *doc.Package) map[int]*ruleEntry {
	t.Helper()
	entries := map[int]*ruleEntry{}
	var here *ruleEntry
	for _, block := range p.Parser().Parse(p.Doc).Content {
		switch block := block.(type) {
		case *comment.Paragraph:
			here = nil
			var rule int
			text := string(p.Printer().Text(&comment.Doc{Content: []comment.Block{block}}))
			if _, err := fmt.Sscanf(text, "Rule %d.", &rule); err != nil && !strings.HasPrefix(text, "No rule.") {
				continue
			}
			if entries[rule] != nil {
				t.Errorf("rule %d has two entries", rule)
			}
			here = &ruleEntry{map[string]string{}, map[string]string{}}
			entries[rule] = here
		case *comment.Code:
			if here == nil {
				here = &ruleEntry{map[string]string{}, map[string]string{}} // of no rule: its names must exist all the same
				entries[-1] = here
			}
			here.read(t, block.Text)
		}
	}
	return entries
}

// read takes in the block of an entry: in each line a function, its file and what
// it does; then the codes.
func (e *ruleEntry) read(t *testing.T, block string) {
	t.Helper()
	how := ""
	for line := range strings.Lines(block) {
		for _, word := range []string{"refused", "charged"} {
			if rest, ok := strings.CutPrefix(line, word+":"); ok {
				how, line = word, rest
			}
		}
		if how == "" {
			words := strings.Fields(line)
			if len(words) < 3 {
				t.Errorf("%q is not a function, its file and what it does", line)
				continue
			}
			e.functions[words[0]] = words[1]
			continue
		}
		for name := range strings.SplitSeq(line, ",") {
			if name = strings.TrimSpace(name); name != "" {
				e.codes[name] = how
			}
		}
	}
}
