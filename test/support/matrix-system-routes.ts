/** The rows of the permission matrix for systems, targets and receipts. */
import type { Caller } from './matrix-cast.ts';
import { type MatrixRow, STALE, entity, nothing, row } from './matrix-row.ts';
import { sampleSystem } from './system-samples.ts';

/** A webhook of the target, and a system of the platform with the target and the leaf among its targets. */
const hook = ({ tree }: Caller) => ({ name: tree.hook });
const PLATFORM = 'matrix-aps';
const system = () => ({ name: PLATFORM });
const inSystem = (caller: Caller) => ({ name: PLATFORM, entity: entity(caller).id });

export const SYSTEMS: readonly MatrixRow[] = [
  row('GET /v1/system-kinds', 'list the kinds of systems', nothing),
  row('GET /v1/systems', 'list all systems that are seen', nothing),
  row('GET /v1/systems', 'list its systems', nothing, null, ({ tree }) => ({
    query: `?account=${tree.accounts.self}`,
  })),
  row('GET /v1/systems/:name', 'read its webhook', hook),
  row('GET /v1/systems/:name', 'read a system of the platform', system),
  row('POST /v1/systems', 'add a webhook', nothing, 'exists', ({ tree }) => ({
    payload: { name: PLATFORM, ...sampleSystem('webhook'), account: tree.accounts.self },
  })),
  row('POST /v1/systems', 'add another system', nothing, 'exists', {
    payload: { name: PLATFORM, ...sampleSystem('aps') },
  }),
  row('PATCH /v1/systems/:name', 'change its webhook', hook, 'precondition_failed', { payload: {}, ...STALE }),
  row('PATCH /v1/systems/:name', 'change a system of the platform', system, 'precondition_failed', {
    payload: {},
    ...STALE,
  }),
  row('DELETE /v1/systems/:name', 'remove its webhook', hook, 'precondition_failed', STALE),
  row('POST /v1/systems/:name/pause', 'pause its webhook', hook, 'invalid', { payload: { note: '' } }),
  row('POST /v1/systems/:name/resume', 'resume its webhook', hook),
  row('POST /v1/systems/:name/hand-over', 'hand certificates over to its webhook', hook, 'conflict'),
  row('POST /v1/systems/:name/hand-over', 'hand certificates over to a system of the platform', system, 'conflict'),
  row('POST /v1/systems/:name/resume', 'resume a system of the platform', system),
];

export const TARGETS: readonly MatrixRow[] = [
  row('GET /v1/entities/:id/targets', 'read what systems have of it', entity),
  row('GET /v1/systems/:name/targets', 'list targets', system, null, { query: '?limit=5' }),
  row('GET /v1/systems/:name/targets/:entity', 'read a target', inSystem),
  row('PUT /v1/systems/:name/targets/:entity', 'bind by hand', inSystem, 'invalid', { payload: { reference: 'x' } }),
  row('DELETE /v1/systems/:name/targets/:entity', 'unbind', inSystem, 'conflict'),
  row('POST /v1/systems/:name/targets/:entity/retry', 'have a target told again', inSystem),
  row('POST /v1/systems/:name/targets/:entity/acknowledge', 'acknowledge a target', inSystem, 'conflict'),
  row('POST /v1/systems/:name/targets/retry', 'have all failed targets told again', system),
  row('POST /v1/systems/:name/targets/acknowledge', 'acknowledge all failed targets', system),
  row('GET /v1/operations/:revision', 'read the receipt of a change to it', ({ tree }) => ({
    revision: tree.revision,
  })),
];
