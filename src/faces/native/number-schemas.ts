/** The shapes of numbers that are searched and bought. */
import { z } from 'zod';

import { CAPABILITIES, NUMBER_CLASSES } from '#core/number-market.ts';

import { id } from './entity-schemas.ts';

const numberClass = z.enum(NUMBER_CLASSES);
const digits = z.string().optional();

export const searchQuery = z.object({
  country: z.string().optional().describe('ISO 3166-1 code such as NL; needed.'),
  class: z
    .string()
    .optional()
    .describe(`One of ${NUMBER_CLASSES.join(', ')}; local if it is absent.`),
  areaCode: digits.describe('Digits after the country code, without a trunk prefix.'),
  contains: digits.describe('Digits that the number contains.'),
  limit: z.coerce.number().int().optional().describe('1 to 100; 20 if it is absent.'),
});

const offer = z
  .strictObject({
    number: z.string().describe('E.164.'),
    country: z.string(),
    numberClass,
    friendlyName: z.string().optional(),
    locality: z.string().optional(),
    region: z.string().optional(),
    postalCode: z.string().optional(),
    capabilities: z.array(z.enum(CAPABILITIES)),
    monthlyCost: z.strictObject({ amount: z.string(), currency: z.string() }).optional(),
  })
  .meta({ id: 'OfferedNumber' });
export const offers = z.strictObject({ items: z.array(offer) }).meta({ id: 'OfferedNumbers' });

export const purchase = z
  .object({
    account: id.describe('The account that is to have the number.'),
    number: z.string().optional().describe('The number to buy; or criteria.'),
    criteria: z
      .object({
        country: z.string(),
        class: numberClass.optional().describe('local if it is absent.'),
        areaCode: digits,
        contains: digits,
      })
      .optional()
      .describe('Any number that fits is bought.'),
    fields: z
      .record(z.string(), z.unknown())
      .optional()
      .describe('Other fields of the number, such as friendlyName, target and voiceUrl.'),
  })
  .meta({ id: 'BuyNumber' });
