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
	"strconv"
	"strings"
	"testing"
)

// The package comment is the first thing that a newcomer reads, so it must be
// true: all that it names exists, every one of the twelve rules has an entry with
// the functions that keep it, and every code stands in the entry of its rule.
func TestPackageCommentIsTrue(t *testing.T) {
	p, codes := parsePackage(t)
	names := namesOf(p)
	for _, m := range regexp.MustCompile(`\[(\w+(?:\.\w+)?)\]`).FindAllStringSubmatch(p.Doc, -1) {
		if !names[m[1]] {
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
		for _, f := range e.functions {
			if !names[f] {
				t.Errorf("rule %d: %s does not exist", rule, f)
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
}

// codeOf is how a code is used, and by which rule; 0 is none.
type codeOf struct {
	how  string // refused or charged
	rule int
}

// ruleEntry is what the package comment says of one rule.
type ruleEntry struct {
	functions []string
	codes     map[string]string // how each is used
}

// parsePackage reads the package's source, and finds its codes.
func parsePackage(t *testing.T) (*doc.Package, map[string]codeOf) {
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
	return p, codes
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

// namesOf are the names of all that a package declares: a function is named f,
// a method T.m.
func namesOf(p *doc.Package) map[string]bool {
	names := map[string]bool{}
	values := func(list []*doc.Value) {
		for _, v := range list {
			for _, n := range v.Names {
				names[n] = true
			}
		}
	}
	functions := func(of string, list []*doc.Func) {
		for _, f := range list {
			names[of+f.Name] = true
		}
	}
	values(p.Consts)
	values(p.Vars)
	functions("", p.Funcs)
	for _, t := range p.Types {
		names[t.Name] = true
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
			here = &ruleEntry{codes: map[string]string{}}
			entries[rule] = here
		case *comment.Code:
			if here == nil {
				here = &ruleEntry{codes: map[string]string{}} // of no rule: its names must exist all the same
				entries[-1] = here
			}
			here.read(t, block.Text)
		}
	}
	return entries
}

// read takes in the block of an entry: a function in each line, and what it does;
// then the codes.
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
			name, what, _ := strings.Cut(strings.TrimSpace(line), " ")
			if strings.TrimSpace(what) == "" {
				t.Errorf("of %s it is not said what it does", name)
			}
			e.functions = append(e.functions, name)
			continue
		}
		for name := range strings.SplitSeq(line, ",") {
			if name = strings.TrimSpace(name); name != "" {
				e.codes[name] = how
			}
		}
	}
}
