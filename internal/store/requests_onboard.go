package store

import (
	"maps"
	"slices"

	"aws-access-bot/internal/access"
)

// onboardRecord is an access.Onboarding as it is kept.
type onboardRecord struct {
	Slug   string            `json:"slug"`
	Name   string            `json:"name"`
	OU     string            `json:"ou"`
	Owners []string          `json:"owners"`
	Tags   map[string]string `json:"tags,omitempty"`
	Member bool              `json:"member,omitempty"`
	From   string            `json:"from,omitempty"`
}

func newOnboardRecord(o *access.Onboarding) *onboardRecord {
	if o == nil {
		return nil
	}
	return &onboardRecord{o.Slug, o.Name, o.OU, slices.Clone(o.Owners), maps.Clone(o.Tags), o.Member, o.From}
}

// onboarding returns what is wanted, which shares nothing with the record.
func (r *onboardRecord) onboarding() *access.Onboarding {
	if r == nil {
		return nil
	}
	return &access.Onboarding{
		Slug: r.Slug, Name: r.Name, OU: r.OU, Owners: slices.Clone(r.Owners), Tags: maps.Clone(r.Tags), Member: r.Member, From: r.From,
	}
}
