// Package teamsemu emulates Microsoft Teams for one bot in one tenant: the Bot
// Framework connector that the bot calls, the OpenID metadata and keys with which
// it checks who calls it, and Teams as the sender of messages, card actions,
// dialogs and message extensions.
//
// What people do in a Teams client is played by Go methods ([Server.Message],
// [Server.Click], [Server.SubmitDialog] and so on). They refuse, with an error,
// what no Teams client would let a person do (answer a dialog that is not open,
// pick a value that was not offered); everything that goes wrong between Teams and
// the bot is in the result instead, as the person would see it. Forged, replayed
// and badly signed activities are made with [Server.Sign] and [Server.Send].
//
// # Served, all under the path of [Options].BaseURL
//
//	POST   v3/conversations                                  create: a channel's thread, or a personal chat
//	POST   v3/conversations/{c}/activities                   send
//	POST   v3/conversations/{c}/activities/{a}               reply (in a channel: in the thread of {a})
//	PUT    v3/conversations/{c}/activities/{a}               update, the bot's own only
//	DELETE v3/conversations/{c}/activities/{a}               delete, the bot's own only
//	GET    v3/conversations/{c}/members[/{m}]                the roster, one member (by 29:… id, Entra object id or UPN)
//	GET    v3/conversations/{c}/pagedmembers                 pageSize 50 to 500, continuationToken
//	GET    v3/teams/{t}, v3/teams/{t}/conversations          a team, its channels
//	GET    v1/.well-known/openidconfiguration                metadata (also …/openid-configuration)
//	GET    v1/.well-known/keys                               keys with endorsements
//
// {c} is 19:…@thread.tacv2 of a channel, the same with ;messageid=ROOT for one of
// its threads, or a:… of a personal chat. Calls want a token of Microsoft login for
// the audience https://api.botframework.com and for this bot. Activities that come
// from Teams carry a regional service URL, BaseURL + "REGION/TENANT/", as the real
// ones do; the paths are served below that too. For the journal and the faults the
// service is "teams" and the operations are conversations.create, activities.send,
// activities.reply, activities.update, activities.delete, members.list,
// members.get, members.page, teams.get, teams.channels, openid.metadata and
// openid.keys.
//
// Errors are those of "Status codes from bot conversational APIs" (Microsoft Learn,
// Teams): {"error":{"code","message"}} with 400 BadArgument and BadSyntax, 401
// BotNotRegistered, 403 BotNotInConversationRoster, ForbiddenOperationException
// (the app is not installed for the person) and NotEnoughPermissions, 404
// ConversationNotFound, ActivityNotFoundInConversation and
// MemberNotFoundInConversation, 413 MessageSizeTooBig, 429 Throttled with
// Retry-After. A personal chat that the person blocked or removed answers 403
// {"errorCode":209,"message":"{…MessageWritesBlocked…}"}. A token that is not good
// answers 401 {"message":"Authorization has been denied for this request."}. The
// transient ones (412, 502, 504) are made with faults.
//
// Limits, by the kit's clock and not scaled ("Optimize your bot with rate limiting",
// per bot and thread, a thread being a channel or a chat): send, reply, update and
// delete together 7 in 1 s, 8 in 2 s, 60 in 30 s, 1,800 in an hour; create the same;
// reads of members 14, 16, 120, 3,600, but the roster in one piece 5 a minute; 30 a second for the app in the tenant. A
// message is at most 100 KB of UTF-16, a card in it 28 KB.
//
// Targeted messages (?isTargetedActivity=true, "Targeted messages", developer
// preview): recipient.id is required on sending and refused on updating; channels
// only; gone after 24 hours. [Options].NoTargeted is a tenant without them.
//
// # Cards
//
// The connector does not look into a card beyond its size; a card that a client
// cannot show stands in the conversation as "We're sorry, this card couldn't be
// displayed" (issues of microsoft/AdaptiveCards and MicrosoftDocs/msteams-docs). So
// here: an attachment whose content is no JSON object is refused with 400 BadSyntax;
// any other bad card is taken, and [CardState].Problems says what is wrong with it:
// unknown elements, actions and members that Teams needs, versions above 1.5. A card
// with problems cannot be clicked. A card that answers an invoke is held to the same.
//
// A message with both text and a card is split in two by Teams and answered without
// an id ("Messages in bot conversations"); so it is here.
//
// # Sent to the bot, at POST /api/messages
//
// A JWT (RS256, kid, iss https://api.botframework.com, aud the app id, serviceurl,
// nbf, exp after an hour), and an activity with channelId msteams, the tenant in
// conversation.tenantId and channelData.tenant.id, from.aadObjectId, recipient.id
// 28:APPID, and a clientInfo entity with the person's time zone. In channels and group
// chats the bot gets a message only if it mentions the bot; a channel's conversation.id
// has ;messageid=ROOT, a group chat (19:…@thread.v2) has neither threads nor
// channelData.team and channelData.channel.
//
//	message                      text, or value for an Action.Submit of a card in a message
//	invoke adaptiveCard/action   Action.Execute; trigger manual, or automatic for refresh
//	invoke task/fetch            Action.Submit with data.msteams.type task/fetch
//	invoke task/submit           Action.Submit in a dialog
//	invoke application/search    Data.Query once something is typed, queryOptions {skip 0, top 15}
//	invoke composeExtension/fetchTask, composeExtension/submitAction
//	conversationUpdate, installationUpdate   when the app is installed or removed
//
// A message or update that is not answered within 15 s, or is answered 5xx, is sent
// again with the same id (msteams-docs issue 6084; how often is not documented: three
// times here). An invoke is not sent again: after 5 s (task, search, extension) or
// 10 s (card action) the person sees [ErrorReach]. Only the waits between attempts
// are scaled.
//
// # The control API of the sandbox
//
// POST /sandbox/as/{person}/teams/… with a JSON body; answers are [Result] (and
// [Suggested] for suggest). A conversation is the name or id of a channel or group chat, or "personal"
// for the person's own chat with the bot; empty is aws-access. values are texts by
// the id of an input. action is the number of the action in reading order, or its
// title, id or verb.
//
//	message         {conversation, text, thread}          "@aws-access …" and "@hana" become mentions
//	click           {activity, action, values}            conversation may be given too, and must then fit
//	refresh         {activity}                            what opening the conversation does to a card with refresh
//	suggest         {activity, field, query}              type-ahead of a card in a message
//	dialog/submit   {dialog, action, values}              action: the first Action.Submit unless given
//	dialog/suggest  {dialog, field, query}                type-ahead of a dialog
//	dialog/close    {dialog}
//	extension       {command, conversation, context}      context compose (default) or commandBox
//	install         {scope}                               personal (default) or team
//	uninstall       {scope}
//	block           {blocked}                             the person's chat with the bot
//	profile         {guest, email, tenant, timezone, removed}
//
// and POST /sandbox/teams/…
//
//	replay    {kind: message|invoke|update, how, body}    how: same, again, unsigned, wrong-key, expired,
//	                                                      wrong-audience, wrong-issuer, wrong-service-url, unknown-key
//	keys      {roll, retire}                              sign with a new key; stop publishing the older ones
//	targeted  {on}                                        whether the tenant has targeted messages
//
// GET /sandbox/state?part=teams has [State] under "teams".
//
// # What it does not do
//
// Shared and private channels, adding and removing the app in a group chat, web views in dialogs, files, reactions,
// meetings, single sign-on, and formatting of text. A person's message is plain text.
package teamsemu
