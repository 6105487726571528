/**
 * Branded identifiers: passing one for another does not compile.
 * Internal numbers are dense and come from database sequences; the public identity of an entity or a hold is its UUID.
 */
declare const brand: unique symbol;
type Branded<T, Name extends string> = T & { readonly [brand]: Name };

export type EntityId = Branded<number, 'EntityId'>;
export type HoldId = Branded<number, 'HoldId'>;
export type Revision = Branded<number, 'Revision'>;

/** The root of the tree: the operator's own account. */
export const PLATFORM_ID = 0 as EntityId;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Whether the text is a UUID in canonical lower case (RFC 9562 section 4). */
export function isUuid(text: string): boolean {
  return UUID.test(text);
}
