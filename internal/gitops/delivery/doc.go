// Package delivery sweeps GitHub's log of webhook deliveries for those that
// never arrived. The poll finds by itself what a lost webhook was about, but
// for a check that somebody asked to run again, and it finds it late; and a
// webhook that is never delivered is a fault of the set-up that nobody sees.
//
// [Sweep] looks at start and every few minutes. It reads the log back to where
// it was at the last look, or for three days, which is what GitHub keeps. What
// failed and has no success under the same GUID is lost: its payload is read
// and given to whoever takes webhooks. It has no more authority than those,
// which is none. The lost ones of a day are kept, told once in the operations
// channel as long as there are any, and shown to operators.
//
// Not durable: a hint that was given is lost with the process. A start looks at
// everything, so only a check that was to be run again has to be asked for
// once more.
package delivery
