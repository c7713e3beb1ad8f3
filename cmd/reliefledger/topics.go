package main

import (
	"embed"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"reliefledger.org/ledger/domain"
)

// handbook has the longer texts, one Markdown file a topic, shown by
// `reliefledger help TOPIC`.
//
//go:embed handbook
var handbook embed.FS

// topics are help topics: commands that only have a text.
func topics(p *program) []*cobra.Command {
	return []*cobra.Command{
		topic(p, "privacy", p.say("手册：个人信息：谁能看到、如何删除、封装密钥", "handbook: private data: who sees what, erasure, the wrapping key")),
		topic(p, "cluster", p.say("手册：多台服务器、EventStoreDB/KurrentDB 集群", "handbook: several servers, an EventStoreDB/KurrentDB cluster")),
	}
}

func topic(p *program, name, short string) *cobra.Command {
	c := &cobra.Command{Use: name, Short: short}
	c.SetHelpFunc(func(*cobra.Command, []string) {
		file := "handbook/" + name + ".md"
		if p.lang() == domain.En {
			file = "handbook/" + name + ".en.md"
		}
		text, err := handbook.ReadFile(file)
		if err != nil {
			panic(err) // it is embedded
		}
		fmt.Fprint(os.Stdout, string(text))
	})
	return c
}
