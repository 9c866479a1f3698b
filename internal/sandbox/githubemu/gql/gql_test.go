package gql

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const shop = `
type Query {
  shop(name: String!, open: Boolean = true): Shop
  thing: Thing
  count(n: Int, ref: Ref, input: In): Int
}
type Mutation { sell(input: In!): Shop }
scalar Ref
enum Kind { BIG SMALL }
interface Thing { id: ID! }
type Shop implements Thing { id: ID! kind: Kind shelves(first: Int, last: Int): ShelfConnection fails: Shop other: Shop }
type Shelf implements Thing { id: ID! }
type ShelfConnection { nodes: [Shop] }
input In { id: ID! n: Int ref: Ref }
`

// refusal is an error with a kind.
type refusal struct{}

func (refusal) Error() string { return "no" }
func (refusal) Kind() string  { return "FORBIDDEN" }

func newShop(t testing.TB) *API[*[]string] {
	t.Helper()
	give := func(v any) Resolver[*[]string] {
		return func(*[]string, any, map[string]any) (any, error) { return v, nil }
	}
	echo := func(log *[]string, _ any, args map[string]any) (any, error) {
		text, err := json.Marshal(args)
		*log = append(*log, string(text))
		return Object{"Shop", nil}, err
	}
	one := Object{"Shop", nil}
	api, err := New(shop, Fields[*[]string]{
		"Query": {"shop": echo, "thing": give(one), "count": func(log *[]string, v any, args map[string]any) (any, error) {
			_, err := echo(log, v, args)
			return 1, err
		}},
		"Mutation": {"sell": echo},
		"Shop": {
			"id": give("s"), "kind": give("BIG"), "other": give(one), "shelves": give(Object{"ShelfConnection", nil}),
			"fails": func(*[]string, any, map[string]any) (any, error) { return nil, fmt.Errorf("look: %w", refusal{}) },
		},
		"Shelf":           {"id": give("f")},
		"ShelfConnection": {"nodes": give([]Object{one, one})},
	})
	if err != nil {
		t.Fatal(err)
	}
	return api
}

// answerOf is the answer as a client reads it, and what was called.
func answerOf(t *testing.T, api *API[*[]string], in Request) (answer string, called []string) {
	t.Helper()
	q, errs := api.Read(in)
	out := map[string]any{}
	if q != nil {
		out["data"], errs = api.Execute(&called, q)
	}
	if len(errs) > 0 {
		out["errors"] = errs
	}
	text, err := json.Marshal(out)
	if err != nil {
		t.Fatal(err)
	}
	return string(text), called
}

func TestExecution(t *testing.T) {
	t.Parallel()
	api := newShop(t)
	tests := []struct{ name, query, vars, operation, want, called string }{
		{"an argument has its default", `{shop(name:"a"){id}}`, ``, ``, `{"data":{"shop":{"id":"s"}}}`, `{"name":"a","open":true}`},
		{"null is not the default", `{shop(name:"a",open:null){id}}`, ``, ``, `{"data":{"shop":{"id":"s"}}}`, `{"name":"a","open":null}`},
		{"a variable without a value is not given", `query($o:Boolean){shop(name:"a",open:$o){id}}`, ``, ``, `{"data":{"shop":{"id":"s"}}}`, `{"name":"a","open":true}`},
		{"a variable has its default", `query($i:In={id:1}){count(input:$i)}`, ``, ``, `{"data":{"count":1}}`, `{"input":{"id":1}}`},
		{"members without a value are left out", `query($n:Int){count(input:{id:"x",n:$n})}`, ``, ``, `{"data":{"count":1}}`, `{"input":{"id":"x"}}`},
		{"the default is that of the operation that runs", `query A($n:Int){...f} query B($n:Int=7){...f} fragment f on Query{count(input:{id:"x",n:$n})}`, ``, `A`, `{"data":{"count":1}}`, `{"input":{"id":"x"}}`},
		{"a field asked for twice is resolved once", `{a:shop(name:"a"){id} a:shop(name:"a"){kind other{id} other{kind}}}`, ``, ``,
			`{"data":{"a":{"id":"s","kind":"BIG","other":{"id":"s","kind":"BIG"}}}}`, `{"name":"a","open":true}`},
		{"fragments by type", `{thing{__typename ...on Shop{kind} ...on Shelf{id} ...on Thing{i:id} ...{j:id}}}`, ``, ``, `{"data":{"thing":{"__typename":"Shop","i":"s","j":"s","kind":"BIG"}}}`, ``},
		{"directives", `query($y:Boolean!){a:thing@skip(if:$y){id} b:thing@include(if:$y){id @skip(if:false)} ...@include(if:false){thing{id}}}`, `{"y":true}`, ``, `{"data":{"b":{"id":"s"}}}`, ``},
		{"an error makes one field null", `{thing{...on Shop{shelves(first:1){nodes{id fails{id}}}}}}`, ``, ``,
			`{"data":{"thing":{"shelves":{"nodes":[{"fails":null,"id":"s"},{"fails":null,"id":"s"}]}}},"errors":[` +
				`{"type":"FORBIDDEN","message":"look: no","path":["thing","shelves","nodes",0,"fails"],"locations":[{"line":1,"column":45}]},` +
				`{"type":"FORBIDDEN","message":"look: no","path":["thing","shelves","nodes",1,"fails"],"locations":[{"line":1,"column":45}]}]}`, ``},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			var vars map[string]any
			if tc.vars != "" {
				if err := json.Unmarshal([]byte(tc.vars), &vars); err != nil {
					t.Fatal(err)
				}
			}
			got, called := answerOf(t, api, Request{Query: tc.query, Operation: tc.operation, Variables: vars})
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(tc.called, strings.Join(called, "\n")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestMistakes: the words and codes are those of graphql-ruby, on which
// GitHub's server is built.
func TestMistakes(t *testing.T) {
	t.Parallel()
	api := newShop(t)
	tests := []struct{ query, want string }{
		{`{a}`, `undefinedField Field 'a' doesn't exist on type 'Query' [query a] 1:2`},
		{`query Q{b:a}`, `undefinedField Field 'a' doesn't exist on type 'Query' [query Q b] 1:9`},
		{`{thing{...on Shop{a}}}`, `undefinedField Field 'a' doesn't exist on type 'Shop' [query thing ... on Shop a] 1:19`},
		{`{thing{...f}} fragment f on Shop{a}`, `undefinedField Field 'a' doesn't exist on type 'Shop' [fragment f a] 1:34`},
		{`{count(x:1 n:1 y:2)}`, "argumentNotAccepted Field 'count' doesn't accept argument 'x' [query count x] 1:8\nargumentNotAccepted Field 'count' doesn't accept argument 'y' [query count y] 1:16"},
		{`{count(input:{id:"a" z:1})}`, `argumentNotAccepted InputObject 'In' doesn't accept argument 'z' [query count input z] 1:22`},
		{`{count(input:{n:1})}`, `missingRequiredInputObjectAttribute Argument 'id' on InputObject 'In' is required. Expected type ID! [query count input id] 1:14`},
		{`{count(input:{id:null})}`, `argumentLiteralsIncompatible Argument 'id' on InputObject 'In' has an invalid value (null). Expected type 'ID!'. [query count input id] 1:14`},
		{`{count(n:"1")}`, `argumentLiteralsIncompatible Argument 'n' on Field 'count' has an invalid value ("1"). Expected type 'Int'. [query count n] 1:2`},
		{`{count(n:3000000000)}`, `argumentLiteralsIncompatible Argument 'n' on Field 'count' has an invalid value (3000000000). Expected type 'Int'. [query count n] 1:2`},
		{`{count(ref:5)}`, `argumentLiteralsIncompatible Argument 'ref' on Field 'count' has an invalid value (5). Expected type 'Ref'. [query count ref] 1:2`},
		{`{count(ref:99999999999999999999)}`, `argumentLiteralsIncompatible Argument 'ref' on Field 'count' has an invalid value (99999999999999999999). Expected type 'Ref'. [query count ref] 1:2`},
		{`{count(n:1 n:2)}`, `argumentNotUnique There can be only one argument named "n" [query count n] 1:12`},
		{`query($n:Int="x"){count(n:$n)}`, `defaultValueInvalidType Default value for $n doesn't match type Int [query] 1:7`},
		{`{shop{id}}`, `missingRequiredArguments Field 'shop' is missing required arguments: name [query shop] 1:2`},
		{`{thing}`, `selectionMismatch Field must have selections (field 'thing' returns Thing but has no selections. Did you mean 'thing { ... }'?) [query thing] 1:2`},
		{`{count{a}}`, `selectionMismatch Selections can't be made on scalars (field 'count' returns Int but has selections ["a"]) [query count] 1:2`},
		{`query($r:Ref){count(n:$r)}`, `variableMismatch Type mismatch on variable $r and argument n (Ref / Int) [query count n] 1:21`},
		{`query($r:[Int]){count(n:$r)}`, `variableMismatch List dimension mismatch on variable $r and argument n ([Int] / Int) [query count n] 1:23`},
		{`query($r:ID){count(input:{id:$r})}`, `variableMismatch Nullability mismatch on variable $r and argument id (ID / ID!) [query count input id] 1:27`},
		{`query Q($r:Shop){count(n:$r)}`, "variableRequiresValidType Shop isn't a valid input type (on $r) [query Q] 1:9\nvariableMismatch Type mismatch on variable $r and argument n (Shop / Int) [query Q count n] 1:24"},
		{`query Q($r:X){count}`, "variableNotUsed Variable $r is declared by Q but not used [query Q] 1:1\nvariableRequiresValidType X isn't a defined input type (on $r) [query Q] 1:9"},
		{`query Q{count(n:$z)}`, `variableNotDefined Variable $z is used by Q but not declared [query Q count n] 1:17`},
		{`{...f}`, `useAndDefineFragment Fragment f was used, but not defined [query ... f] 1:5`},
		{`{count} fragment f on Shop{id}`, `useAndDefineFragment Fragment f was defined, but not used [fragment f] 1:9`},
		{`{...f} fragment f on Query{...g} fragment g on Query{...f}`, `infiniteLoop Fragment g contains an infinite loop [fragment g] 1:34`},
		{`{thing{...on X{id}}}`, `undefinedType No such type X, so it can't be a fragment condition [query thing ... on X] 1:11`},
		{`{thing{...on In{id}}}`, `fragmentOnNonCompositeType Invalid fragment on type In (must be Union, Interface or Object) [query thing ... on In] 1:11`},
		{`{shop(name:"a"){...on Shelf{id}}}`, `cannotSpreadFragment Fragment on Shelf can't be spread inside Shop [query shop ... on Shelf] 1:20`},
		{`{count@x}`, `undefinedDirective Directive @x is not defined [query count] 1:8`},
		{`{count@skip}`, `missingRequiredArguments Directive 'skip' is missing required arguments: if [query count] 1:8`},
		{`subscription{a}`, `missingSubscriptionConfiguration Schema is not configured for subscriptions [subscription] 1:1`},
		{`{__type(name:"Shop"){name}}`, `undefinedField Field '__type' doesn't exist on type 'Query' [query __type] 1:2`},
	}
	for _, tc := range tests {
		_, errs := api.Read(Request{Query: tc.query})
		var got []string
		for _, e := range errs {
			got = append(got, fmt.Sprintf("%v %s %v %d:%d", e.Extensions["code"], e.Message, e.Path, e.Locations[0].Line, e.Locations[0].Column))
		}
		if diff := cmp.Diff(tc.want, strings.Join(got, "\n")); diff != "" {
			t.Errorf("%s: %s", tc.query, diff)
		}
	}
}

// TestUnreadable: what cannot be parsed, and what is not looked at any more.
func TestUnreadable(t *testing.T) {
	t.Parallel()
	api := newShop(t)
	tests := []struct{ name, query, want string }{
		{"a wrong token", "{\n thing ) }", `Parse error on ")" (RPAREN) at [2, 8]`},
		{"a keyword", `{count(n:true $)}`, `Parse error on "$" (VAR_SIGN) at [1, 15]`},
		{"a name", `thing`, `Parse error on "thing" (IDENTIFIER) at [1, 1]`},
		{"a character", `{a%}`, `Parse error on "%" (error) at [1, 3]`},
		{"the end", `{thing{id}`, "Unexpected end of document"},
		{"nothing", `# only words`, "Unexpected end of document"},
		{"only fragments", `fragment f on Shop{id}`, "Unexpected end of document"},
		{"deep selections", strings.Repeat("{thing", 101), "Query has a depth that exceeds the limit"},
		{"deep lists", "{count(n:" + strings.Repeat("[", 101), "Query has a depth that exceeds the limit"},
		{"long", "{" + strings.Repeat("count ", 2_001) + "}", "This query is too large to execute."},
		{"fragments that multiply", multiplying(30), "Resource limits for this query exceeded."},
		{"no such operation", `query A{count}`, `No operation named "B"`},
	}
	for _, tc := range tests {
		in := Request{Query: tc.query}
		if strings.HasPrefix(tc.name, "no such") {
			in.Operation = "B"
		}
		q, errs := api.Read(in)
		if q != nil || len(errs) != 1 || errs[0].Message != tc.want {
			t.Errorf("%s: %v", tc.name, errs)
		}
	}
}

// multiplying is a short query that is 2 to the n fields.
func multiplying(n int) string {
	text := "{...f0}"
	for i := range n {
		text += fmt.Sprintf(" fragment f%d on Query{...f%d ...f%d}", i, i+1, i+1)
	}
	return text + fmt.Sprintf(" fragment f%d on Query{count}", n)
}

func TestVariables(t *testing.T) {
	t.Parallel()
	api := newShop(t)
	tests := []struct{ typ, value, message, explanation string }{
		{"Int!", `null`, "", "Expected value to not be null"},
		{"Int", `"1"`, "", `Could not coerce value "1" to Int`},
		{"Int", `1.5`, "", `Could not coerce value 1.5 to Int`},
		{"Int", `3000000000`, "", `Could not coerce value 3000000000 to Int`},
		{"Ref", `7`, "", `Could not coerce value 7 to Ref`},
		{"In", `"a"`, "", `Could not coerce value "a" to In`},
		{"In", `{}`, "id", "Expected value to not be null"},
		{"In", `{"id":1,"x":2}`, "x", "Field is not defined on In"},
		{"In", `{"id":"a","ref":true}`, "ref", `Could not coerce value true to Ref`},
		{"In", `{"id":"a","n":"b"}`, "n", `Could not coerce value "b" to Int`},
	}
	for _, tc := range tests {
		name := map[string]string{"Int!": "n", "Int": "n", "Ref": "ref", "In": "input"}[tc.typ]
		var value any
		if err := json.Unmarshal([]byte(tc.value), &value); err != nil {
			t.Fatal(err)
		}
		_, errs := api.Read(Request{Query: fmt.Sprintf(`query($v:%s){count(%s:$v)}`, tc.typ, name), Variables: map[string]any{"v": value}})
		if len(errs) != 1 {
			t.Errorf("%s %s: %v", tc.typ, tc.value, errs)
			continue
		}
		want := fmt.Sprintf("Variable $v of type %s was provided invalid value", tc.typ)
		path := []string{}
		if tc.message != "" {
			want += fmt.Sprintf(" for %s (%s)", tc.message, tc.explanation)
			path = append(path, tc.message)
		}
		if errs[0].Message != want {
			t.Errorf("%s %s: %s", tc.typ, tc.value, errs[0].Message)
		}
		extensions := map[string]any{"value": value, "problems": []any{map[string]any{"path": path, "explanation": tc.explanation}}}
		if diff := cmp.Diff(extensions, errs[0].Extensions); diff != "" {
			t.Errorf("%s %s: %s", tc.typ, tc.value, diff)
		}
	}
}

// TestNodesAndCost has the documented example of 22,060 nodes in small.
func TestNodesAndCost(t *testing.T) {
	t.Parallel()
	api := newShop(t)
	const level = `shelves(first:%d){nodes{%s}}`
	inner := fmt.Sprintf(level, 50, fmt.Sprintf(level, 20, `id a:`+fmt.Sprintf(level, 10, "id")+` b:`+fmt.Sprintf(level, 10, "id")))
	q, errs := api.Read(Request{Query: `{shop(name:"a"){` + inner + `}}`})
	if q == nil {
		t.Fatal(errs)
	}
	// 50, 50 x 20, and twice 50 x 20 x 10; read in 1 + 50 + twice 1,000.
	if q.Nodes != 21_050 || q.Cost != 21 {
		t.Errorf("%d nodes, %d points", q.Nodes, q.Cost)
	}
}

func TestResolversMatchTheSchema(t *testing.T) {
	t.Parallel()
	one := func(int, any, map[string]any) (any, error) { return nil, nil }
	_, err := New(`type Query{a:Int b:Int}`, Fields[int]{"Query": {"b": one, "c": one}})
	if want := "match resolvers with the GraphQL schema: fields [Query.a], resolvers [Query.c]"; err == nil || err.Error() != want {
		t.Errorf("error: %v", err)
	}
	if _, err := New(`type Query{`, Fields[int]{}); err == nil {
		t.Error("half a schema was loaded")
	}
}

func FuzzRead(f *testing.F) {
	f.Add(`query Q($a:[Int!]!=[1,2.5e3]){a:b(c:{d:E,f:null,g:"\u00e9"}) ... on T{x} ...f} fragment f on T{y}`)
	f.Add(`{a(b:"\`)
	f.Add(`query($v:In={id:"""x"""}){count(input:$v n:1 n:2) thing{...on Shop{shelves(last:1){nodes{id}}}}}`)
	f.Add(`mutation($v:In!){sell(input:$v){id fails@skip(if:true){id}}}`)
	f.Add(multiplying(5))
	api := newShop(f)
	f.Fuzz(func(t *testing.T, text string) {
		q, errs := api.Read(Request{Query: text, Variables: map[string]any{"v": map[string]any{"id": 1.0}}})
		if (q == nil) != (len(errs) > 0) {
			t.Fatalf("query %v, errors %v", q, errs)
		}
		if q == nil {
			return
		}
		var called []string
		if data, errs := api.Execute(&called, q); data == nil && len(errs) == 0 {
			t.Error("neither data nor errors")
		}
	})
}
