/**
 * What the simulated server takes: the elements of each request in their order, written down apart from what we send.
 *
 * `?` may be left out, `~` may be left out and be nil, `*` may come any number of times.
 */

const CRITERIA = ['responseSizeLimit?'];
const GROUP = ['serviceProviderId', 'groupId'];

const OLD_INTERCEPT =
  'isActive? announcementSelection? audioFile? videoFile? playNewPhoneNumber? newPhoneNumber~ transferOnZeroToPhoneNumber? transferPhoneNumber~ rerouteOutboundCalls? outboundReroutePhoneNumber~ allowOutboundLocalCalls? inboundCallMode? alternateBlockingAnnouncement? routeToVoiceMail?'.split(
    ' ',
  );
const NEW_INTERCEPT =
  'isActive? announcementSelection? audioFile? videoFile? inboundCallMode? alternateBlockingAnnouncement? exemptInboundMobilityCalls? disableParallelRingingToNetworkLocations? routeToVoiceMail? playNewPhoneNumber? newPhoneNumber~ transferOnZeroToPhoneNumber? transferPhoneNumber~ outboundCallMode? exemptOutboundMobilityCalls? rerouteOutboundCalls? outboundReroutePhoneNumber~'.split(
    ' ',
  );

export const COMMON: Readonly<Record<string, readonly string[]>> = {
  AuthenticationRequest: ['userId'],
  LoginRequest14sp4: ['userId', 'signedPassword?', 'plainTextPassword?'],
  LogoutRequest: ['userId', 'reason?'],
  AvailabilityTestRequest: [],
  VerifySessionIsValidRequest: [],
  SystemSoftwareVersionGetRequest: [],
  SystemInterceptUserGetRequest: [],
  GroupServiceIsAssignedRequest: [...GROUP, 'serviceName'],
  UserServiceIsAssignedRequest: ['userId', 'serviceName?', 'servicePackName?'],
  GroupServiceGetAuthorizationListRequest: GROUP,
  ServiceProviderGetListRequest: ['isEnterprise?', ...CRITERIA],
  GroupGetListInServiceProviderRequest: [
    'serviceProviderId',
    ...CRITERIA,
    'searchCriteriaGroupId*',
    'searchCriteriaGroupName*',
  ],
  // The capital stands here alone.
  UserGetListInGroupRequest: ['serviceProviderId', 'GroupId', ...CRITERIA],
};

export const BY_FAMILY: Readonly<Record<'16' | '21sp1', Readonly<Record<string, readonly string[]>>>> = {
  '16': {
    GroupInterceptGroupGetRequest16sp1: GROUP,
    GroupInterceptGroupModifyRequest16: [...GROUP, ...OLD_INTERCEPT],
    UserInterceptUserGetRequest16sp1: ['userId'],
    UserInterceptUserModifyRequest16: ['userId', ...OLD_INTERCEPT],
  },
  '21sp1': {
    GroupInterceptGroupGetRequest21sp1: GROUP,
    GroupInterceptGroupModifyRequest21sp1: [...GROUP, ...NEW_INTERCEPT],
    UserInterceptUserGetRequest21sp1: ['userId'],
    UserInterceptUserModifyRequest21sp1: ['userId', ...NEW_INTERCEPT],
  },
};

/** Releases that know the log-in in one step. */
export const ONE_STEP: Readonly<Record<string, readonly string[]>> = {
  LoginRequest22V2: ['userId', 'password?'],
  LoginRequest22V5: ['userId', 'password?', 'signedPassword?'],
};

const VALUES: Readonly<Record<string, RegExp>> = {
  announcementSelection: /^(Default|Personal)$/,
  inboundCallMode: /^(Intercept All|Allow All|Allow System Dns)$/,
  outboundCallMode: /^(Block All|Allow Outbound Local Calls|Allow Outbound Enterprise And Group Calls)$/,
  newPhoneNumber: /^.{1,23}$/,
  transferPhoneNumber: /^.{1,30}$/,
  outboundReroutePhoneNumber: /^(?!sip:)[^@]{1,161}(@[A-Za-z0-9.-]+)?$/,
  groupId: /^.{1,30}$/,
  GroupId: /^.{1,30}$/,
};
const FLAG = /^(is|play|transferOn|reroute|allow|alternate|routeTo|exempt|disable)[A-Z]/;

/** One element of a request as the server sees it. */
export interface Given {
  readonly name: string;
  readonly text: string;
  readonly isNil: boolean;
}

/** What is wrong with a request; null when nothing is. */
export function faultIn(order: readonly string[], given: readonly Given[]): string | null {
  let at = 0;
  for (const { name, text, isNil } of given) {
    while (at < order.length && nameOf(order[at]) !== name) {
      if (/\w$/.test(order[at] ?? '')) return `${order[at]} is missing before ${name}`;
      at += 1;
    }
    const rule = order[at];
    if (rule === undefined) return `${name} is not expected here`;
    if (isNil && !rule.endsWith('~')) return `${name} cannot be nil`;
    if (!isNil && FLAG.test(name) && !/^(true|false|1|0)$/.test(text)) return `${name} is no boolean`;
    if (!isNil && VALUES[name]?.test(text) === false) return `${name} has no such value`;
    if (name === 'serviceProviderId' && Buffer.byteLength(text) > 30) return `${name} is too long`;
    if (!rule.endsWith('*')) at += 1;
  }
  const missing = order.slice(at).find((rule) => /\w$/.test(rule));
  return missing === undefined ? null : `${missing} is missing`;
}

function nameOf(rule: string | undefined): string {
  return (rule ?? '').replace(/[?~*]$/, '');
}
