package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"reliefledger.org/ledger/cmd/internal/nodeusers"
)

// nodeUserCommand is `node user`.
func nodeUserCommand(p *program) *cobra.Command {
	var file, role string
	c := &cobra.Command{
		Use:   "user NAME",
		Short: p.say("登记节点用户并生成其口令（只显示一次）", "enter a user of the node and draw the password, shown once"),
		Long:  p.say("同名用户得到新口令；要除名，删去文件中该行并重启节点。", "A user who is there gets a new password. To remove one, take the user's line out of the file and restart the node."),
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			password, err := nodeusers.Enter(file, args[0], role)
			if err != nil {
				return err
			}
			if p.json {
				return writeJSON(os.Stdout, map[string]string{"user": args[0], "role": role, "password": password})
			}
			fmt.Printf(p.say("用户 %s（%s）的口令，只显示这一次：\n%s\n", "password of %s (%s), shown this once:\n%s\n"), args[0], role, password)
			return nil
		},
	}
	c.Flags().StringVar(&file, "users", "", "file of users 用户文件")
	c.Flags().StringVar(&role, "role", "reader", "reader, or writer: the ledger's own servers 角色")
	if err := c.MarkFlagRequired("users"); err != nil {
		panic(err)
	}
	return c
}
