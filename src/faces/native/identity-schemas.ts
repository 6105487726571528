/** The shapes of logins, keys, roles and sessions. */
import { z } from 'zod';

import { AUTHORITIES, SUBJECTS } from '#core/authority.ts';
import { PERMISSIONS } from '#core/permission.ts';

import { time, uuid } from './entity-schemas.ts';

const patterns = z.array(z.string()).describe('Patterns resource:verb; either part may be *.');

export const login = z
  .strictObject({
    id: uuid,
    account: uuid,
    name: z.string(),
    role: z.string(),
    enabled: z.boolean(),
    hasPassword: z.boolean().describe('Without one only its keys count.'),
    guardLimit: z
      .number()
      .int()
      .nullable()
      .describe('How many entities one request on an account API may change; null: as many as the installation says.'),
    createdAt: time,
    passwordChangedAt: time.nullable(),
    lastUsedAt: time.nullable().describe('To the minute.'),
  })
  .meta({ id: 'Login' });

const loginFields = {
  name: z.string().describe('Unique on the platform, such as an e-mail address; case means nothing.'),
  role: z.string().describe('administrator, operator, billing, developer, auditor, or a role of the account.'),
  password: z.string().min(10).max(256).nullable().optional(),
  enabled: z.boolean().optional(),
};
export const createLogin = z.object(loginFields).meta({ id: 'CreateLogin' });
export const updateLogin = z
  .object({ ...loginFields, guardLimit: z.number().int().nullable().describe('Set by an account above.') })
  .partial()
  .meta({ id: 'UpdateLogin' });
export const changePassword = z
  .object({ current: z.string(), password: z.string().min(10).max(256) })
  .meta({ id: 'ChangePassword' });

export const accountLogin = z
  .strictObject({
    sid: z.string().describe('The name of the account on the account APIs.'),
    login: uuid,
    email: z.string().nullable().describe('Null where it signs in by its SID alone.'),
    role: z.string(),
    hasPassword: z.boolean(),
    token: z.string().nullable().describe('The auth token: signs in on the account APIs, and nowhere else.'),
  })
  .meta({ id: 'AccountLogin' });
export const putAccountLogin = z
  .object({
    email: z.string().max(254).nullable().optional().describe('Given once: it names the account for ever.'),
    password: z.string().min(10).max(256).nullable().optional(),
    passwordMd5: z.string().optional().describe('MD5 of a password elsewhere, in hexadecimal; for the platform.'),
    role: z.string().max(64).optional().describe('Absent: Administrator.'),
    token: z.string().optional().describe('Auth token that it had elsewhere; for the platform.'),
    newToken: z.boolean().optional().describe('Whether its token is made anew.'),
  })
  .meta({ id: 'PutAccountLogin' });

export const key = z
  .strictObject({
    id: uuid,
    login: uuid,
    name: z.string(),
    scopes: patterns.nullable().describe('What narrows the role of its login; null: nothing does.'),
    createdAt: time,
    expiresAt: time.nullable(),
    lastUsedAt: time.nullable().describe('To the minute.'),
    key: z.string().optional().describe('The key itself, in the answer to its creation alone.'),
  })
  .meta({ id: 'Key' });
export const createKey = z
  .object({ name: z.string().max(128), scopes: patterns.nullable().optional(), expiresAt: time.nullable().optional() })
  .meta({ id: 'CreateKey' });

export const role = z
  .strictObject({
    name: z.string(),
    builtin: z.boolean(),
    account: uuid.nullable().describe('The account that made it, where the reader may know.'),
    description: z.string(),
    permissions: patterns,
    subject: z.enum(SUBJECTS).describe('How high its authority over holds reaches.'),
  })
  .meta({ id: 'Role' });
export const putRole = z
  .object({
    description: z.string().max(255).optional(),
    permissions: patterns,
    subject: z.enum(SUBJECTS).optional().describe('Absent: wish.'),
  })
  .meta({ id: 'PutRole' });

export const session = z
  .strictObject({
    id: uuid,
    address: z.string().nullable(),
    createdAt: time,
    lastSeenAt: time,
    expiresAt: time,
    current: z.boolean(),
  })
  .meta({ id: 'Session' });
export const signIn = z.object({ login: z.string(), password: z.string() }).meta({ id: 'SignIn' });
export const signedIn = session
  .extend({ csrf: z.string().describe('To be sent as Abeyance-CSRF with every write of this session.') })
  .meta({ id: 'SignedIn' });

export const endedSession = z.strictObject({ id: uuid }).meta({ id: 'EndedSession' });

export const whoAmI = z
  .strictObject({
    actor: z.string().describe('As the change log shows it.'),
    login: uuid.nullable(),
    name: z.string().nullable(),
    account: uuid.nullable(),
    actsAs: uuid.nullable(),
    level: z.enum(AUTHORITIES),
    role: z.string().nullable(),
    subject: z.enum(SUBJECTS),
    permissions: z.array(z.enum(PERMISSIONS)),
    heldByItself: z.boolean().describe('Nothing holds the account but its own hold: it may look, and lift that.'),
    csrf: z.string().nullable(),
  })
  .meta({ id: 'WhoAmI' });
