/** The shape of what a gateway is answered when a request may pass. */
import { z } from 'zod';

export const gatewayAnswer = z.strictObject({ effect: z.enum(['allow', 'intercept']) }).meta({ id: 'GatewayAnswer' });
