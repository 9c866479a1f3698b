package graphemu

import (
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Page sizes of directory lists: 100 unless $top asks for 1 to 999 (Graph
// paging).
const (
	defaultPage = 100
	largestPage = 999
)

// object is one resource as it goes over the wire, with all its properties.
type object map[string]any

// entity describes a resource type.
type entity struct {
	name string // microsoft.graph.user
	// props are all properties that may be selected.
	props []string
	// defaults are the properties given without $select; nil means all.
	defaults []string
	// plain types take every query without ConsistencyLevel.
	plain bool
}

func (e entity) has(prop string) bool { return slices.Contains(e.props, prop) }

// query holds the OData options of a request.
type query struct {
	sel       []string
	filter    string
	search    string
	orderBy   string
	top       int // zero means the default
	count     bool
	eventual  bool // ConsistencyLevel: eventual
	skipToken string
	values    url.Values
}

// parseQuery reads the options and refuses unknown ones.
func parseQuery(r *http.Request) (query, error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return query{}, badQuery("The query string is malformed: %v.", err)
	}
	q := query{values: values, eventual: strings.EqualFold(r.Header.Get("ConsistencyLevel"), "eventual")}
	for _, k := range slices.Sorted(maps.Keys(values)) {
		if err := q.set(k, values.Get(k)); err != nil {
			return query{}, err
		}
	}
	return q, nil
}

func (q *query) set(key, value string) error {
	switch key {
	case "$select":
		for f := range strings.SplitSeq(value, ",") {
			q.sel = append(q.sel, strings.TrimSpace(f))
		}
	case "$filter":
		q.filter = value
	case "$search":
		q.search = value
	case "$orderby":
		q.orderBy = value
	case "$skiptoken":
		q.skipToken = value
	case "$count":
		b, err := strconv.ParseBool(value)
		if err != nil {
			return badQuery("Invalid value '%s' for $count query option found. Valid values are 'true' and 'false'.", value)
		}
		q.count = b
	case "$top":
		n, err := strconv.Atoi(value)
		if err != nil || n < 1 || n > largestPage {
			return badQuery("Invalid page size specified: '%s'. Must be between 1 and %d inclusive.", value, largestPage)
		}
		q.top = n
	default:
		// Graph passes over parameters without a dollar sign.
		if strings.HasPrefix(key, "$") {
			return badQuery("The query specified in the URI is not valid. Query option '%s' is not supported.", key)
		}
	}
	return nil
}

// list answers with one page of the objects that the query leaves.
func (c *call) list(e entity, set string, all []object) (reply, error) {
	kept, err := c.narrow(e, all)
	if err != nil {
		return reply{}, err
	}
	start, err := pageStart(c.q.skipToken, kept)
	if err != nil {
		return reply{}, err
	}
	size := c.q.top
	if size == 0 {
		size = defaultPage
	}
	end := min(start+size, len(kept))
	body := object{"@odata.context": c.base() + "/$metadata#" + set}
	if c.q.count && c.q.eventual {
		body["@odata.count"] = len(kept)
	}
	value := make([]object, 0, end-start)
	for _, o := range kept[start:end] {
		picked, err := pick(e, c.q.sel, o)
		if err != nil {
			return reply{}, err
		}
		value = append(value, picked)
	}
	if len(kept) == 0 {
		// The select list is checked even when nothing is found.
		if _, err := pick(e, c.q.sel, object{}); err != nil {
			return reply{}, err
		}
	}
	body["value"] = value
	if end < len(kept) {
		body["@odata.nextLink"] = c.nextLink(fmt.Sprintf("%d.%v", end, kept[end-1]["id"]))
	}
	return reply{body: body}, nil
}

// narrow filters, searches and orders.
func (c *call) narrow(e entity, all []object) ([]object, error) {
	q := c.q
	advanced := e.plain || q.count && q.eventual
	if q.search != "" && !q.eventual {
		return nil, badQuery("Request with $search query parameter only works through MSGraph with a special request header: 'ConsistencyLevel: eventual'")
	}
	keep := func(object) bool { return true }
	if q.filter != "" {
		f, err := parseFilter(q.filter, e)
		if err != nil {
			return nil, err
		}
		if (f.advanced || q.orderBy != "") && !advanced {
			return nil, unsupportedQuery("Unsupported query: the filter needs the header ConsistencyLevel: eventual and $count=true.")
		}
		keep = f.match
	}
	find, err := parseSearch(q.search, e)
	if err != nil {
		return nil, err
	}
	kept := make([]object, 0, len(all))
	for _, o := range all {
		if keep(o) && find(o) {
			kept = append(kept, o)
		}
	}
	return kept, order(kept, q.orderBy, e)
}

// order sorts by one property, ascending unless it ends in " desc".
func order(list []object, by string, e entity) error {
	if by == "" {
		return nil
	}
	prop, way, _ := strings.Cut(strings.TrimSpace(by), " ")
	if !e.has(prop) || way != "" && way != "asc" && way != "desc" {
		return badQuery("Invalid orderby clause: could not find a property named '%s' on type '%s'.", by, e.name)
	}
	slices.SortStableFunc(list, func(a, b object) int {
		n := strings.Compare(fold(a[prop]), fold(b[prop]))
		if way == "desc" {
			return -n
		}
		return n
	})
	return nil
}

// fold returns a value as text that compares as the directory compares.
func fold(v any) string {
	if v == nil {
		return ""
	}
	return strings.ToLower(fmt.Sprint(v))
}

// parseSearch understands "property:words" with or without the double quotes.
func parseSearch(search string, e entity) (func(object) bool, error) {
	if search == "" {
		return func(object) bool { return true }, nil
	}
	prop, words, ok := strings.Cut(strings.Trim(search, `"`), ":")
	if !ok || !e.has(prop) {
		return nil, badQuery("Syntax error in $search clause '%s'.", search)
	}
	words = strings.ToLower(words)
	return func(o object) bool {
		have := fold(o[prop])
		return strings.HasPrefix(have, words) || strings.Contains(strings.NewReplacer("-", " ", "_", " ", ".", " ").Replace(have), " "+words)
	}, nil
}

// pick returns the selected properties of o; annotations stay.
func pick(e entity, sel []string, o object) (object, error) {
	if len(sel) == 0 && o["@odata.type"] == "#microsoft.graph.user" {
		e = userEntity()
	}
	if len(sel) == 0 {
		sel = e.defaults
	}
	if len(sel) == 0 || slices.Contains(sel, "*") {
		return o, nil
	}
	out := object{}
	for k, v := range o {
		if strings.HasPrefix(k, "@") {
			out[k] = v
		}
	}
	for _, p := range sel {
		if !e.has(p) {
			return nil, badQuery("Parsing OData Select and Expand failed: Could not find a property named '%s' on type '%s'.", p, e.name)
		}
		if v, ok := o[p]; ok {
			out[p] = v
		}
	}
	return out, nil
}

// one answers with a single resource.
func (c *call) one(e entity, set string, o object) (reply, error) {
	picked, err := pick(e, c.q.sel, o)
	if err != nil {
		return reply{}, err
	}
	picked = maps.Clone(picked)
	picked["@odata.context"] = c.base() + "/$metadata#" + set + "/$entity"
	return reply{body: picked}, nil
}

// number answers a /$count path in plain text.
func (c *call) number(e entity, all []object) (reply, error) {
	if !c.q.eventual {
		return reply{}, badRequest("$count is not currently supported.")
	}
	c.q.count = true
	kept, err := c.narrow(e, all)
	if err != nil {
		return reply{}, err
	}
	return reply{text: strconv.Itoa(len(kept))}, nil
}

// nextLink is the URL of this request with another skip token.
func (c *call) nextLink(token string) string {
	v := maps.Clone(c.q.values)
	v.Set("$skiptoken", base64.RawURLEncoding.EncodeToString([]byte(token)))
	return origin(c.r) + c.r.URL.EscapedPath() + "?" + v.Encode()
}

// pageStart finds where the page after a skip token begins: behind the last
// object that was shown, or, if that has gone since, where it would be by number.
func pageStart(skipToken string, list []object) (int, error) {
	if skipToken == "" {
		return 0, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(skipToken)
	number, id, ok := strings.Cut(string(raw), ".")
	n, numErr := strconv.Atoi(number)
	if err != nil || !ok || numErr != nil || n < 0 {
		return 0, &graphError{status: http.StatusBadRequest, code: "Directory_ExpiredPageToken", message: "The specified page token value has expired and can no longer be included in your request."}
	}
	if at := slices.IndexFunc(list, func(o object) bool { return o["id"] == id }); at >= 0 {
		return at + 1, nil
	}
	return min(max(n-1, 0), len(list)), nil
}
