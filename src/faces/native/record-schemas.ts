/** The shapes of records, made from the declarations of their fields: what systems tell, and what is shown. */
import { z } from 'zod';

import { RECORD_FIELDS, RECORD_KINDS, type RecordKind } from '#core/record.ts';
import { RECORDS_MAX } from '#operations/put-records.ts';

import { fieldsIn, fieldsOut, id, time, uuid } from './entity-schemas.ts';

const given = (kind: RecordKind) =>
  z.object({
    kind: z.literal(kind),
    id: z.string().max(64).nullable().optional().describe('Its UUID or SID. Without one it is known by externalRef.'),
    externalRef: z.string().max(128).nullable().optional().describe('The name that its source has for it.'),
    account: id.describe('The account whose it is: UUID, number or SID.'),
    ...fieldsIn(RECORD_FIELDS[kind], 'create'),
  });

export const recordReport = z
  .object({
    source: z.string().max(64).describe('The system that tells, by a name of its own.'),
    records: z
      .array(
        z.discriminatedUnion('kind', [
          given('call'),
          given('message'),
          given('recording'),
          given('transcription'),
          given('conference'),
        ]),
      )
      .max(RECORDS_MAX),
  })
  .meta({ id: 'RecordReport' });

const kind = z.enum(RECORD_KINDS);

export const putRecords = z
  .strictObject({
    items: z
      .array(
        z.strictObject({
          kind,
          id: uuid,
          sid: z.string().describe('The same as the account APIs write it.'),
          created: z.boolean().describe('Whether it was not there before.'),
        }),
      )
      .describe('In the order of the request.'),
  })
  .meta({ id: 'PutRecords' });

const shown = (of: RecordKind) =>
  z.strictObject({
    kind: z.literal(of),
    id: uuid,
    sid: z.string(),
    account: uuid,
    source: z.string(),
    externalRef: z.string().nullable(),
    updatedAt: time,
    ...Object.fromEntries(
      Object.entries(fieldsOut(RECORD_FIELDS[of])).map(([name, schema]) => [name, (schema as z.ZodType).nullable()]), // Made of schemas.
    ),
    createdAt: time,
  });

export const record = z
  .discriminatedUnion('kind', [
    shown('call'),
    shown('message'),
    shown('recording'),
    shown('transcription'),
    shown('conference'),
  ])
  .meta({ id: 'Record' });
