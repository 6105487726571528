/** What a verification finds. */
export type VerifyStage = 'chain' | 'ancestors' | 'credits' | 'standings';

export interface Finding {
  readonly stage: VerifyStage;
  readonly detail: string;
}

/** After so many findings the rest says nothing new. */
export const FINDINGS_MAX = 100;
