package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"reliefledger.org/ledger/cmd/internal/office"
)

func officerCommand(p *program) *cobra.Command {
	said := func(key ed25519.PrivateKey) string {
		return base64.StdEncoding.EncodeToString(key.Public().(ed25519.PublicKey))
	}
	make := &cobra.Command{
		Use:   "key FILE",
		Short: p.say("生成经办人的签名密钥文件，并显示公钥", "make an officer's signing key and show its public part"),
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			_, key, err := ed25519.GenerateKey(rand.Reader)
			if err != nil {
				return err
			}
			if err := office.WriteKey(args[0], key); err != nil {
				return err
			}
			if p.json {
				return writeJSON(os.Stdout, map[string]string{"file": args[0], "public": said(key)})
			}
			fmt.Printf(p.say("私钥已写入 %s（仅本人可读，切勿外传）\n公钥：%s\n", "the private key is in %s (only you may read it)\npublic key: %s\n"), args[0], said(key))
			return nil
		},
	}
	show := &cobra.Command{
		Use:   "show FILE",
		Short: p.say("显示密钥文件的公钥", "show the public part of a key file"),
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			key, err := office.ReadKey(args[0])
			if err != nil {
				return err
			}
			if p.json {
				return writeJSON(os.Stdout, map[string]string{"file": args[0], "public": said(key)})
			}
			fmt.Println(said(key))
			return nil
		},
	}
	return group("officer", p.say("经办人", "officers"), make, show)
}
