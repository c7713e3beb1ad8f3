package main

import (
	"os"
	"strings"

	"github.com/spf13/cobra"

	"reliefledger.org/ledger/cmd/internal/bank"
	"reliefledger.org/ledger/cmd/internal/office"
	"reliefledger.org/ledger/domain"
)

// Flags that several subcommands have: which thing is meant, and on which day.

// whichBatch says which batch is meant, where no number does.
type whichBatch struct {
	allocation string
	batch      int
}

func (w *whichBatch) flags(c *cobra.Command) {
	c.Flags().StringVar(&w.allocation, "allocation", "", "id of an allocation, or number of one of its events 分配")
	c.Flags().IntVar(&w.batch, "batch", 0, "number of the batch in the allocation 批次")
}

// named is what flags and arguments say.
func (w *whichBatch) named(args []string) office.BatchNamed {
	n := office.BatchNamed{Allocation: w.allocation, No: w.batch}
	if len(args) == 1 {
		n.Event = args[0]
	}
	return n
}

// whichBank says by which template a file is written or read.
type whichBank struct{ name, file string }

func (w *whichBank) flags(c *cobra.Command) {
	c.Flags().StringVar(&w.name, "bank", "generic", "template of the bank 银行模板: "+strings.Join(bank.Templates(), ", "))
	c.Flags().StringVar(&w.file, "template", "", "file of a template of your own 自备模板文件")
}

// whichParty names a party by its id, by the number of one of its events, or by an
// identity number that is read from a file: on a command line others see it.
type whichParty struct{ numberFile string }

func (w *whichParty) flags(c *cobra.Command) {
	c.Flags().StringVar(&w.numberFile, "id-number", "", "file with an identity number, - for standard input 身份证号所在文件")
}

// maxNumberFile is more than an identity number has, in bytes.
const maxNumberFile = 100

// find returns the party.
func (w *whichParty) find(cmd *cobra.Command, s *office.Session, a *office.Asker, args []string) (domain.ID, error) {
	switch {
	case (len(args) == 1) == (w.numberFile != ""):
		return domain.ID{}, office.Input("PARTY", "须给出对象的编号、其事件的序号，或 --id-number", "give the party's id, the number of one of its events, or --id-number")
	case w.numberFile == "":
		return s.Find(domain.PartyKind, args[0])
	}
	name := w.numberFile
	if name == "-" {
		name = os.Stdin.Name()
	}
	text, err := office.ReadUpTo(name, maxNumberFile)
	if err != nil {
		return domain.ID{}, office.InputErr("--id-number", err)
	}
	return a.PartyByNumber(cmd.Context(), string(text))
}

// givenFlags are the flags of a command that gives an order.
type givenFlags struct {
	date string
	dry  bool
}

func (g *givenFlags) add(c *cobra.Command, dry string) {
	c.Flags().StringVar(&g.date, "date", "", "business date; default: today 记账日期")
	c.Flags().BoolVar(&g.dry, "dry-run", false, dry)
}
