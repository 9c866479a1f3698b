// A bot written with Microsoft's Bot Framework SDK. It believes what the SDK
// believes, does what the text of a message says, and keeps what it understood:
//
//   POST /api/messages   the bot
//   GET  /turns          what it understood since the last time it was asked
//
// Settings come from the environment: APP_ID, TENANT, ISSUER, METADATA, TOKEN.
'use strict';

const http = require('http');
const {
  CardFactory, CloudAdapter, ConfigurationBotFrameworkAuthentication, MessageFactory, TeamsActivityHandler, TeamsInfo, TurnContext,
} = require('botbuilder');

const env = process.env;

// The SDK would get its token from Microsoft login by a library that asks the real
// one about every authority first. The token is given instead; how the SDK uses it
// stays its own.
class GivenToken {
  async isValidAppId(id) { return id === env.APP_ID; }
  async isAuthenticationDisabled() { return false; }
  async createCredentials() {
    return {
      appId: env.APP_ID,
      async signRequest(request) { request.headers.set('authorization', `Bearer ${env.TOKEN}`); return request; },
      async getToken() { return env.TOKEN; },
    };
  }
}

const adapter = new CloudAdapter(new ConfigurationBotFrameworkAuthentication({
  MicrosoftAppId: env.APP_ID, MicrosoftAppTenantId: env.TENANT, ChannelService: '', ValidateAuthority: false,
  ToChannelFromBotLoginUrl: 'https://login.invalid/' + env.TENANT, ToChannelFromBotOAuthScope: 'https://api.botframework.com',
  ToBotFromChannelTokenIssuer: env.ISSUER, ToBotFromChannelOpenIdMetadataUrl: env.METADATA,
  ToBotFromEmulatorOpenIdMetadataUrl: 'https://login.invalid/none', OAuthUrl: 'https://login.invalid/oauth', CallerId: '',
}, new GivenToken()));

let turns = [];
let failure = '';
adapter.onTurnError = async (_context, error) => { failure = String(error && error.stack || error); };

const card = text => CardFactory.adaptiveCard({ type: 'AdaptiveCard', version: '1.5', body: [{ type: 'TextBlock', text }] });
const task = text => ({ task: { type: 'continue', value: { title: text, card: card(text) } } });

class Bot extends TeamsActivityHandler {
  constructor() {
    super();
    this.onMessage(async (context, next) => { await this.obey(context); await next(); });
    this.onInstallationUpdateAdd(async (context, next) => { await context.sendActivity('welcome'); await next(); });
  }

  async obey(context) {
    const say = (TurnContext.removeRecipientMention(context.activity) || '').trim();
    const note = {};
    switch (say) {
      case 'echo':
        note.id = (await context.sendActivity('echo')).id;
        break;
      case 'edit': {
        const id = (await context.sendActivity('first')).id;
        const other = MessageFactory.attachment(card('second'));
        other.id = id;
        note.id = (await context.updateActivity(other)).id;
        break;
      }
      case 'delete':
        note.id = (await context.sendActivity('gone soon')).id;
        await context.deleteActivity(note.id);
        break;
      case 'members':
        note.members = (await TeamsInfo.getPagedMembers(context, 50)).members;
        note.me = await TeamsInfo.getMember(context, context.activity.from.aadObjectId);
        break;
      case 'whisper': {
        const reference = TurnContext.getConversationReference(context.activity);
        await adapter.createConversationAsync(env.APP_ID, 'msteams', context.activity.serviceUrl, 'https://api.botframework.com', {
          isGroup: false, bot: { id: context.activity.recipient.id }, members: [{ id: context.activity.from.aadObjectId }], tenantId: env.TENANT,
          channelData: { tenant: { id: env.TENANT } },
        }, async inner => { note.chat = inner.activity.conversation.id; note.id = (await inner.sendActivity('between us')).id; });
        note.from = reference.conversation.id;
        break;
      }
      case 'thread': {
        const channel = context.activity.channelData.channel.id;
        const [reference, id] = await TeamsInfo.sendMessageToTeamsChannel(context, MessageFactory.text('begun'), channel, env.APP_ID);
        note.conversation = reference.conversation.id;
        note.id = id;
        break;
      }
      default:
        note.said = say;
    }
    turns.push({ ...seen(context.activity), say, note });
  }

  async handleTeamsTaskModuleFetch(context, request) { turns.push({ ...seen(context.activity), data: request.data }); return task('dialog'); }
  async handleTeamsTaskModuleSubmit(context, request) {
    turns.push({ ...seen(context.activity), data: request.data });
    return { task: { type: 'message', value: 'submitted' } };
  }
  async handleTeamsMessagingExtensionFetchTask(context, action) { turns.push({ ...seen(context.activity), data: action.commandId }); return task('extension'); }
  async handleTeamsMessagingExtensionSubmitAction(context, action) { turns.push({ ...seen(context.activity), data: action.commandId }); return {}; }
  async onAdaptiveCardInvoke(context, value) {
    turns.push({ ...seen(context.activity), data: value.action });
    return { statusCode: 200, type: 'application/vnd.microsoft.card.adaptive', value: card('answered').content };
  }
  async onSearchInvoke(context, value) {
    turns.push({ ...seen(context.activity), data: value });
    return { statusCode: 200, type: 'application/vnd.microsoft.search.searchResponse', value: { results: [{ title: value.queryText, value: value.queryText }] } };
  }
}

const seen = a => ({
  type: a.type, name: a.name, id: a.id, person: a.from && a.from.aadObjectId, tenant: a.conversation && a.conversation.tenantId,
  kind: a.conversation && a.conversation.conversationType, at: a.timestamp instanceof Date ? a.timestamp.toISOString() : String(a.timestamp),
});

const bot = new Bot();

// reply is a response with the methods that the SDK wants of one.
function reply(res) {
  res.status = code => { res.statusCode = code; return res; };
  res.header = (name, value) => { res.setHeader(name, value); return res; };
  res.send = body => {
    if (typeof body === 'object') { res.setHeader('Content-Type', 'application/json'); body = JSON.stringify(body); }
    res.write(String(body));
    return res;
  };
  return res;
}

const server = http.createServer((req, res) => {
  if (req.url === '/turns') {
    res.setHeader('Content-Type', 'application/json');
    res.end(JSON.stringify({ turns, failure }));
    turns = [];
    failure = '';
    return;
  }
  const chunks = [];
  req.on('data', c => chunks.push(c));
  req.on('end', () => {
    try {
      req.body = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    } catch {
      req.body = undefined;
    }
    adapter.process(req, reply(res), context => bot.run(context)).catch(error => { res.statusCode = 500; res.end(String(error)); });
  });
});
server.listen(0, '127.0.0.1', () => console.log(`listening ${server.address().port}`));
process.stdin.on('end', () => process.exit(0)).resume();
