package graphemu

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ErrJobStopped is returned by [Server.RunCycle] when the job is paused or
// disabled.
var ErrJobStopped = errors.New("the provisioning job is stopped")

// Run performs the cycles of the job when they are due, until ctx ends. It
// returns the error of ctx. How a cycle went shows in the job's status.
func (s *Server) Run(ctx context.Context) error {
	for {
		if err := s.await(ctx); err != nil {
			return err
		}
		if err := s.RunCycle(ctx); err != nil && ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// await blocks until a cycle is due.
func (s *Server) await(ctx context.Context) error {
	for {
		wait, active := s.untilNext()
		if active && wait <= 0 {
			return ctx.Err()
		}
		var fire <-chan time.Time
		timer := time.NewTimer(wait)
		if active {
			fire = timer.C
		}
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-fire:
		case <-s.wake:
			timer.Stop()
		}
	}
}

// untilNext returns the time to the next cycle and whether there will be one.
func (s *Server) untilNext() (time.Duration, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.job.next.Sub(s.kit.Now()), s.job.schedule == scheduleActive
}

// RunCycle performs one cycle now, whenever the next one would be due, and
// plans the next from its end. The error says that the job is stopped
// ([ErrJobStopped]) or that the target refused the token; objects that the
// target refused are no error, they are in the provisioning log.
func (s *Server) RunCycle(ctx context.Context) error {
	s.exporting.Lock()
	defer s.exporting.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	exp, sc, began, err := s.beginCycle()
	if err != nil {
		return fmt.Errorf("run a provisioning cycle: %w", err)
	}
	if err = checkToken(exp.target); err == nil {
		err = exp.all(sc)
	}
	s.endCycle(exp, sc, began, err)
	if err != nil {
		return fmt.Errorf("run a provisioning cycle: %w", err)
	}
	return nil
}

// beginCycle copies what a cycle works on. The caller holds exporting.
func (s *Server) beginCycle() (*exporter, scope, time.Time, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.kit.Now()
	if s.job.schedule != scheduleActive {
		return nil, scope{}, now, ErrJobStopped
	}
	exp := s.newExporter()
	exp.initial = s.job.initial
	return exp, s.scope(now), now, nil
}

// newExporter returns an exporter from the current watermark. The caller holds
// exporting and mu.
func (s *Server) newExporter() *exporter {
	return &exporter{target: s.target, synced: s.synced.clone(), now: s.kit.Now, nameDefault: s.setup.NameDefault}
}

// endCycle writes what a cycle did into the job. The caller holds exporting.
func (s *Server) endCycle(exp *exporter, sc scope, began time.Time, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.kit.Now()
	j := &s.job
	e := &Cycle{
		ID: newGUID(), Began: began, Ended: now, State: "Succeeded",
		Entitled: len(sc.users) + len(sc.groups), Exported: exp.exported, Escrowed: exp.escrowed,
	}
	s.keep(exp, e.ID)
	j.last = e
	if err != nil {
		e.State, e.Error = "Failed", err.Error()
		s.fail(now, err.Error())
		return
	}
	if e.Escrowed > 0 {
		e.State = "EntryLevelErrors"
	}
	if j.firstGood.IsZero() {
		j.firstGood = now
	}
	if e.Exported > 0 {
		j.lastExport = e
	}
	j.lastGood, j.quarantine, j.failures, j.initial = e, nil, 0, false
	j.next = now.Add(s.kit.Delay(s.opts.CycleInterval))
}

// keep takes over an exporter's watermark and log. The caller holds exporting
// and mu.
func (s *Server) keep(exp *exporter, cycleID string) {
	s.synced = exp.synced
	for _, l := range exp.log {
		l.CycleID = cycleID
		s.log = append(s.log, l)
	}
	if extra := len(s.log) - maxLog; extra > 0 {
		s.log = append([]LogLine(nil), s.log[extra:]...)
	}
}
