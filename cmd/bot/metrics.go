package main

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// metricsTimeout bounds the gathering of one scrape.
const metricsTimeout = 5 * time.Second

// gauges tells Prometheus how the bot stands, from the same status that the
// status command shows.
type gauges struct {
	b *bot

	inForce, halted, blind, stalled, ready, requests, outstanding, troubles, held, pass, lost, accounts, stopped *prometheus.Desc
}

func newGauges(b *bot) *gauges {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("aws_access_bot_"+name, help, labels, nil)
	}
	return &gauges{
		b:           b,
		inForce:     desc("in_force", "1 when a commit is in force."),
		halted:      desc("halted", "1 when the walk halts at a commit."),
		blind:       desc("blind", "1 when the config repo cannot be read for a reason that lasts."),
		stalled:     desc("stalled", "1 when a commit cannot be judged for a reason that lasts."),
		ready:       desc("ready", "1 when /readyz says ok."),
		requests:    desc("requests", "Requests by state.", "state"),
		outstanding: desc("operations_outstanding", "Operations under way in AWS."),
		troubles:    desc("troubles", "Assignments and groups that something holds up."),
		held:        desc("changes_held_back", "Changes that a guard held back in the last pass."),
		lost:        desc("webhooks_undelivered", "Webhooks of the last 24 hours that GitHub could not deliver."),
		accounts:    desc("accounts", "Accounts with stage sso by how far their onboarding is.", "state"),
		stopped:     desc("accounts_stopped", "Accounts whose onboarding does not go on by itself."),
		pass:        desc("last_pass_timestamp_seconds", "When the last provisioning pass began."),
	}
}

// Describe implements prometheus.Collector.
func (g *gauges) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{g.inForce, g.halted, g.blind, g.stalled, g.ready, g.requests, g.outstanding, g.troubles, g.held, g.pass, g.lost, g.accounts, g.stopped} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (g *gauges) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), metricsTimeout)
	defer cancel()
	st, err := g.b.Status(ctx)
	if err != nil {
		out <- prometheus.NewInvalidMetric(g.ready, err)
		return
	}
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	gauge(g.inForce, one(st.Commits.InForce != ""))
	gauge(g.halted, one(st.Commits.Halt != nil))
	gauge(g.blind, one(st.Commits.Blind != nil))
	gauge(g.stalled, one(st.Commits.Stall != nil))
	gauge(g.ready, one(st.NotReady == ""))
	for state, n := range st.Requests {
		gauge(g.requests, float64(n), state)
	}
	gauge(g.outstanding, float64(st.Provision.Outstanding))
	gauge(g.troubles, float64(len(st.Provision.Troubles)+troubledSets(st.Provision.Sets)))
	gauge(g.held, float64(len(st.Provision.Last.Refused)))
	gauge(g.lost, float64(st.Webhooks.Recent(time.Now())))
	accounts, err := g.b.accounts.Overview(ctx)
	if err != nil {
		out <- prometheus.NewInvalidMetric(g.accounts, err)
		return
	}
	for state, n := range accounts.States {
		gauge(g.accounts, float64(n), string(state))
	}
	gauge(g.stopped, float64(accounts.Stopped))
	if at := st.Provision.Last.At; !at.IsZero() {
		gauge(g.pass, float64(at.Unix()))
	}
}

func one(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// registry has the metrics of the bot and of its process.
func registry(b *bot) *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(newGauges(b), collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return r
}
