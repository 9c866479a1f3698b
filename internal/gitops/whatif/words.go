package whatif

import (
	"maps"
	"slices"
	"strings"
)

func joined(names []string) string { return strings.Join(names, ", ") }

func keys(set map[string]bool) []string { return slices.Sorted(maps.Keys(set)) }
