import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { median } from '../result.ts';
const variants = process.argv.slice(2);
const client = fork('bench/http-client.ts');
const servers = [];
for (const v of ['bare', ...variants]) {
  const child = v === 'bare' ? fork('bench/constant-server.ts', ['175']) : fork('bench/.tmp/exp-server.ts', [v], v.includes('prof') ? { execArgv: ['--cpu-prof', '--cpu-prof-dir=/tmp/prof2'] } : {});
  const [port] = await once(child, 'message');
  servers.push({ v, child, port, rates: [] as number[], cpu: [] as number[] });
}
const paths = Array.from({ length: 5000 }, (_, i) => `/v1/decisions?subject=${encodeURIComponent(`sip:user${i % 50}@customer${100 + (i % 200)}.example.net`)}&action=register`.replace(/customer\d+/, `customer${1 + (i % 98)}`));
for (let round = 0; round < 14; round++) for (const s of servers) {
  const cpu = () => { const f = readFileSync(`/proc/${s.child.pid}/stat`, 'utf8').split(') ')[1]!.split(' '); return (Number(f[11]) + Number(f[12])) * 10_000; };
  const before = cpu();
  client.send({ port: s.port, paths, token: 'the-token-of-the-benches', connections: 8, seconds: 1 });
  const [rate] = await once(client, 'message');
  if (round > 0) { s.rates.push(rate); s.cpu.push((cpu() - before) / (rate)); }
}
const bare = median(servers[0]!.rates);
for (const s of servers) { console.log(s.v.padEnd(30), Math.round(median(s.rates)), (median(s.rates) / bare).toFixed(3), median(s.cpu).toFixed(2), Math.min(...s.cpu).toFixed(2), 'us cpu', (Math.min(...servers[0]!.cpu) / Math.min(...s.cpu)).toFixed(3)); s.child.kill(); }
client.kill();
