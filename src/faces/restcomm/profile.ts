/**
 * The one profile that this face shows: what accounts may do here. Restcomm keeps such documents and leaves it to
 * extensions to heed them; here roles, credits and number providers say the same, and this only tells clients so.
 */
import type { Value } from './response.ts';

/** The profile that Restcomm itself ships with has this SID. */
export const EFFECTIVE_PROFILE_SID = 'PRae6e420f425248d6a26948c17a9e2acf';

/** Its console offers sub-accounts where the document speaks of them. */
export const EFFECTIVE_PROFILE: Value = {
  featureEnablement: {
    subaccountsCreation: {},
    DIDPurchase: {},
    inboundPSTN: {},
    outboundPSTN: {},
    inboundSMS: {},
    outboundSMS: {},
  },
};
