/** Placeholder. */
import type { Cleanup } from '#test/database.ts';
export const startKamailio = (_t: Cleanup, _c: string, _w: number): Promise<{ port: number }> =>
  Promise.reject(new Error());
export const startPowerDns = (_t: Cleanup, _c: string, _w: number): Promise<{ port: number }> =>
  Promise.reject(new Error());
export const startDovecot = (_t: Cleanup, _c: string): Promise<{ port: number }> => Promise.reject(new Error());
export const imapLogin = (_p: number, _u: string, _w: string): Promise<boolean> => Promise.reject(new Error());
