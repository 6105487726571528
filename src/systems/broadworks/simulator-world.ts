/** What the simulated server knows, and what each request does to it. For tests and benches alone. */
import { createHash } from 'node:crypto';

import { BY_FAMILY, COMMON, type Given, ONE_STEP, faultIn } from './simulator-schema.ts';
import { XSI_TYPE, isNil } from './document.ts';
import { type XmlElement, split, tokenOf } from './xml.ts';

/** An answer before it is written: an error, nothing but success, or data. */
export type Said =
  | { readonly error: string }
  | { readonly success: true }
  | { readonly type: string; readonly parts: readonly SaidPart[] };
type SaidPart = readonly [name: string, value: string | boolean | readonly (readonly (string | boolean)[])[]];

/** A group or user with its intercept. */
export interface Subscriber {
  isAssigned: boolean;
  isAuthorized: boolean;
  /** Elements as texts; what is cleared is absent. */
  readonly settings: Map<string, string>;
  /** Full or partial writes that took effect. */
  writes: number;
}

export interface World {
  family: '16' | '21sp1';
  knowsOneStep: boolean;
  readonly userId: string;
  password: string;
  loginType: string;
  emergencyAndRepairIntercept: boolean;
  /** False: mobility exemptions are ignored on a write, as other modes do. */
  isServerMode: boolean;
  /** Elements that are accepted and come to nothing. */
  readonly ignored: Set<string>;
  /** By `provider/group` and by user. */
  readonly subscribers: Map<string, Subscriber>;
  badLogIns: number;
  logIns: number;
  /** What is said against every log-in; null: they are judged. */
  refusal: string | null;
}

/** Who asks: a connection or cookie, with the session's id. */
export interface Visitor {
  nonce: string | null;
  isLoggedIn: boolean;
}

const FRESH: Readonly<Record<string, string>> = {
  isActive: 'false',
  announcementSelection: 'Default',
  inboundCallMode: 'Intercept All',
  alternateBlockingAnnouncement: 'false',
  exemptInboundMobilityCalls: 'false',
  disableParallelRingingToNetworkLocations: 'false',
  routeToVoiceMail: 'false',
  playNewPhoneNumber: 'false',
  transferOnZeroToPhoneNumber: 'false',
  outboundCallMode: 'Block All',
  allowOutboundLocalCalls: 'false',
  exemptOutboundMobilityCalls: 'false',
  rerouteOutboundCalls: 'false',
};

export function makeSubscriber(settings: Readonly<Record<string, string>> = {}): Subscriber {
  return {
    isAssigned: true,
    isAuthorized: true,
    settings: new Map(Object.entries({ ...FRESH, ...settings })),
    writes: 0,
  };
}

const MODE_ONLY: ReadonlySet<string> = new Set([
  'exemptInboundMobilityCalls',
  'exemptOutboundMobilityCalls',
  'disableParallelRingingToNetworkLocations',
]);

/** Carries out one command. */
export function carryOut(world: World, visitor: Visitor, command: XmlElement): Said {
  const [, type] = split(command.attributes.get(XSI_TYPE) ?? '');
  const known = { ...COMMON, ...(world.knowsOneStep ? ONE_STEP : {}), ...BY_FAMILY[world.family] };
  const order = Object.hasOwn(known, type) ? known[type] : undefined;
  const given: Given[] = command.children.map((child) => ({
    name: child.name,
    text: tokenOf(child),
    isNil: isNil(child),
  }));
  if (order === undefined) return { error: '[Error 6004] OCI XML Request validation error: unknown request' };
  const fault = faultIn(order, given);
  if (fault !== null) return { error: `[Error 6004] OCI XML Request validation error: ${fault}` };
  const text = (name: string) => given.find((one) => one.name === name)?.text ?? '';
  if (type === 'AuthenticationRequest') {
    visitor.nonce = String(Date.now());
    return {
      type: 'AuthenticationResponse',
      parts: [
        ['userId', text('userId')],
        ['nonce', visitor.nonce],
        ['passwordAlgorithm', 'MD5'],
      ],
    };
  }
  if (type.startsWith('LoginRequest') && world.refusal !== null) return { error: world.refusal };
  if (type.startsWith('LoginRequest')) return logIn(world, visitor, type, text);
  if (!visitor.isLoggedIn) return { error: 'INVALID_REQUEST: no log-in' };
  if (type === 'LogoutRequest') {
    visitor.isLoggedIn = false;
    return { success: true };
  }
  if (type === 'AvailabilityTestRequest' || type === 'VerifySessionIsValidRequest') return { success: true };
  if (type === 'SystemSoftwareVersionGetRequest')
    return {
      type: 'SystemSoftwareVersionGetResponse',
      parts: [['version', world.family === '16' ? '16.sp1' : '21.sp1']],
    };
  if (type === 'SystemInterceptUserGetRequest')
    return {
      type: 'SystemInterceptUserGetResponse',
      parts: [['emergencyAndRepairIntercept', world.emergencyAndRepairIntercept]],
    };
  if (/GetListIn|GetListRequest/.test(type)) return list(world, type, text);
  return aboutSubscriber(world, type, given, text);
}

function logIn(world: World, visitor: Visitor, type: string, text: (name: string) => string): Said {
  const digest = createHash('sha1').update(world.password).digest('hex');
  const signed = createHash('md5')
    .update(`${visitor.nonce ?? ''}:${digest}`)
    .digest('hex');
  const isRight =
    type === 'LoginRequest14sp4'
      ? (visitor.nonce !== null && text('signedPassword') === signed) || text('plainTextPassword') === world.password
      : text('password') === world.password;
  if (text('userId') !== world.userId || !isRight) {
    world.badLogIns += 1;
    return { error: '[Error 4962] Invalid password' };
  }
  visitor.isLoggedIn = true;
  world.logIns += 1;
  return {
    type: type.replace('Request', 'Response'),
    parts: [
      ['loginType', world.loginType],
      ['locale', 'en_US'],
      ['encoding', 'ISO-8859-1'],
      ['isEnterprise', false],
      ['userDomain', 'as.example'],
    ],
  };
}

function aboutSubscriber(world: World, type: string, given: readonly Given[], text: (name: string) => string): Said {
  const isGroup = type.startsWith('Group');
  const id = isGroup ? `${text('serviceProviderId')}/${text('groupId')}` : text('userId');
  const subscriber = world.subscribers.get(id);
  const service = isGroup ? 'Intercept Group' : 'Intercept User';
  if (subscriber === undefined)
    return {
      error: isGroup ? `[Error 9404] Group not found: ${text('groupId')}` : `[Error 4008] User not found: ${id}`,
    };
  if (type.includes('IsAssigned'))
    return {
      type: type.replace('Request', 'Response'),
      parts: [['isAssigned', subscriber.isAssigned && text('serviceName') === service]],
    };
  if (type === 'GroupServiceGetAuthorizationListRequest')
    return {
      type: 'GroupServiceGetAuthorizationListResponse',
      parts: [
        ['servicePacksAuthorizationTable', [['Service Pack Name', 'Authorized']]],
        [
          'groupServicesAuthorizationTable',
          [
            ['Instance Count', 'Assigned', 'Service Name', 'Authorized', 'Brand new'],
            ['', false, 'Auto Attendant', true, 'x'],
            ['', subscriber.isAssigned, service, subscriber.isAuthorized, ''],
          ],
        ],
      ],
    };
  if (!subscriber.isAssigned) return { error: `[Error 4410] Service is not assigned to this subscriber: ${service}` };
  if (type.includes('Modify')) return modify(world, subscriber, given);
  return { type: type.replace('Request', 'Response'), parts: settingsOf(world, subscriber) };
}

/** A patch: what is not named stays, and nil clears. */
function modify(world: World, subscriber: Subscriber, given: readonly Given[]): Said {
  subscriber.writes += 1;
  for (const { name, text, isNil: isCleared } of given) {
    if (['serviceProviderId', 'groupId', 'userId'].includes(name)) continue;
    if ((!world.isServerMode && MODE_ONLY.has(name)) || world.ignored.has(name)) continue;
    if (isCleared) subscriber.settings.delete(name);
    else if (name === 'audioFile' || name === 'videoFile') {
      subscriber.settings.set(`${name}Description`, 'an announcement');
      subscriber.settings.set(`${name.slice(0, 5)}MediaType`, 'WAV');
    } else subscriber.settings.set(name, text === '1' ? 'true' : text === '0' ? 'false' : text);
  }
  return { success: true };
}

const FILES = ['audioFileDescription', 'audioMediaType', 'videoFileDescription', 'videoMediaType'];

function settingsOf({ family }: World, { settings }: Subscriber): SaidPart[] {
  const [, modified] =
    Object.entries(BY_FAMILY[family]).find(([type]) => type.startsWith('UserInterceptUserModify')) ?? [];
  const names = (modified ?? []).map((rule) => rule.replace(/[?~]$/, ''));
  const all = names.flatMap((name) => (name === 'audioFile' ? FILES : name === 'videoFile' ? [] : [name]));
  return all.flatMap((name): SaidPart[] => {
    const value = settings.get(name);
    return name === 'userId' || value === undefined ? [] : [[name, value]];
  });
}

function list(world: World, type: string, text: (name: string) => string): Said {
  const ids = [...world.subscribers.keys()];
  const groups = ids.filter((id) => id.includes('/')).map((id) => id.split('/'));
  if (type === 'ServiceProviderGetListRequest') {
    const rows = [...new Set(groups.map(([provider = '']) => provider))].map((provider) => [false, provider, '']);
    const heading = ['Is Enterprise', 'Service Provider Id', 'Service Provider Name'];
    return { type: 'ServiceProviderGetListResponse', parts: [['serviceProviderTable', [heading, ...rows]]] };
  }
  if (type === 'GroupGetListInServiceProviderRequest') {
    const rows = groups
      .filter(([provider]) => provider === text('serviceProviderId'))
      .map(([, group = '']) => ['', group, '25']);
    return {
      type: 'GroupGetListInServiceProviderResponse',
      parts: [['groupTable', [['Group Name', 'Group Id', 'User Limit'], ...rows]]],
    };
  }
  const rows = ids.filter((id) => !id.includes('/')).map((id) => ['Jansen', id, '']);
  return {
    type: 'UserGetListInGroupResponse',
    parts: [['userTable', [['Last Name', 'User Id', 'First Name'], ...rows]]],
  };
}
