/** What drivers have to know of the tree beneath a node. It is handed in: systems know no database. */
export interface NodeDirectory {
  /** The names of the zones and ENUM ranges whose answers depend on the node; null: too many to name. */
  zonesBeneath(node: number, limit: number): Promise<readonly string[] | null>;
  /** The zones among them that others transfer, up to a limit by name, and how many there are. */
  zonesToNotify(node: number, limit: number): Promise<ZonesToNotify>;
  /** Those of the users whose mailbox lies beneath the node and may not do this now. */
  usersBeneath(node: number, live: readonly string[], action: 'mail.read' | 'mail.send'): Promise<readonly string[]>;
}

export interface ZonesToNotify {
  readonly names: readonly string[];
  readonly count: number;
  /** There may be more than were counted. */
  readonly isPartial: boolean;
}
