// Command bot is aws-access-bot: it turns requests made in chat into pull
// requests on a config repo, verifies what was merged, and keeps the account
// assignments of AWS IAM Identity Center as the repo says.
//
// This is the only package that sees all the others. main.go and run.go start
// it, there is one file per subcommand, and wire.go puts the running bot
// together.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal kills
	os.Exit(run(ctx, os.Args[1:], program{stdout: os.Stdout, stderr: os.Stderr, getenv: os.Getenv, width: terminalWidth, ask: terminalAsk(os.Stdin, os.Stderr)}))
}
