// Package audience keeps an eye on who is behind each approved assignment.
//
// Approvers of an assignment for a group were shown the people of the group.
// Between the approval and the merge growth holds the sync (package review).
// Later it cannot: who is in a group is decided in Entra, and who joins has what
// the group has. Then it is drift: the owners are told, with names, in the
// thread of the request, or in the operations channel where there is none. An
// approver who joins the group is told of in any case: who approves for others
// has got it for himself.
//
// # What it keeps
//
// One [Kept] for each assignment that came into force by an approval, written
// with the step that put the commit in force, and dropped with the one that
// desires the assignment no more. Assignments that an operator trusted have
// none: nobody was shown their people.
//
// # How it tells
//
// [Watch] reads the groups again and again and stores what it found before it
// tells. A growth has a time, which is part of the notice's key, so that it is
// told once; the time is a new one when more people come on top. Growth that
// goes back is forgotten.
package audience
