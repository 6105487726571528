/**
 * Where gateways ask. Some of them (Envoy, Traefik) send the method and the path of the request that they ask about; it
 * is the same question under any, and what clients wrote there is not even looked at.
 */
import type { IncomingMessage } from 'node:http';

/** As the router knows it. */
export const GATEWAY_PATH = '/v1/decisions/http';

/** Whether the path, as it came, is that of a gateway's question: the path itself or anything beneath it. */
function isGatewayUrl(url: string): boolean {
  if (!url.startsWith(GATEWAY_PATH)) return false;
  const next = url[GATEWAY_PATH.length];
  return next === undefined || next === '/' || next === '?';
}

/** Makes a gateway's question of whatever form the one question that there is, and gives its path. */
export function rewriteGatewayUrl(request: Pick<IncomingMessage, 'method' | 'url'>): string {
  const url = request.url ?? '/';
  if (!isGatewayUrl(url)) return url;
  request.method = 'GET';
  return GATEWAY_PATH;
}
