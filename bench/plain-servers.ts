/**
 * Kamailio and PowerDNS as operators run them without Abeyance: on the tables that they come with, filled with what our
 * views give, in the same database. What our views cost is measured against these.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type pg from 'pg';

import type { Cleanup } from '#test/database.ts';
import { freePort, makeFolder, startProgram } from '#test/real-server.ts';

import type { World } from './world.ts';

const PASSWORD = 'a-password-of-the-benches';
const ANSWER_MAX_MS = 200;

/** A role whose stock table names mean the tables of a schema. */
async function makeReader(pool: pg.Pool, name: string): Promise<void> {
  await pool.query(`create schema ${name}; create role ${name} login password '${PASSWORD}';
    alter role ${name} set search_path = ${name}; grant usage on schema ${name} to ${name}`);
}

/** The subscriber table of Kamailio's own schema, with the rows of our view. */
async function fillSubscriber(pool: pg.Pool): Promise<void> {
  await makeReader(pool, 'plain_sip');
  await pool.query(`create table plain_sip.subscriber (
      id serial primary key, username varchar(64) not null default '', domain varchar(64) not null default '',
      password varchar(64) not null default '', ha1 varchar(128) not null default '', ha1b varchar(128) not null default '',
      constraint subscriber_account_idx unique (username, domain));
    create index subscriber_username_idx on plain_sip.subscriber (username);
    insert into plain_sip.subscriber (username, domain, ha1)
      select split_part(i.value, '@', 1), split_part(i.value, '@', 2), s.ha1
      from sip_account s join identifier i on i.entity_id = s.entity_id and i.scheme = 'sip' where s.ha1 is not null;
    grant select on all tables in schema plain_sip to plain_sip;
    analyze plain_sip.subscriber`);
}

/** Starts Kamailio on its own table, with the steps of the configuration that it comes with; answers its port. */
export async function startPlainKamailio(t: Cleanup, world: World, workers: number): Promise<number> {
  await fillSubscriber(world.pool);
  const folder = await makeFolder(t, 'plain-kamailio');
  const port = await freePort();
  const url = new URL(world.connectionString);
  const file = join(folder, 'kamailio.cfg');
  const config = `#!KAMAILIO
debug=1
log_stderror=yes
children=${workers}
disable_tcp=yes
listen=udp:127.0.0.1:${port}
loadmodule "db_postgres.so"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "sanity.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "nathelper.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "auth.so"
loadmodule "auth_db.so"
modparam("usrloc", "use_domain", 1)
modparam("nathelper|registrar", "received_avp", "$avp(received)")
modparam("auth_db", "db_url", "postgres://plain_sip:${PASSWORD}@${url.hostname}:${url.port}${url.pathname}")
modparam("auth_db", "version_table", 0)
modparam("auth_db", "use_domain", 1)
modparam("auth_db", "calculate_ha1", 0)
modparam("auth_db", "password_column", "ha1")
request_route {
  if (!mf_process_maxfwd_header("10")) { sl_send_reply("483", "Too Many Hops"); exit; }
  if (!sanity_check("17895", "7")) exit;
  force_rport();
  if (!is_method("REGISTER")) { sl_send_reply("405", "Method Not Allowed"); exit; }
  if (!auth_check("$td", "subscriber", "1")) { auth_challenge("$td", "1"); exit; }
  consume_credentials();
  if (nat_uac_test("19")) fix_nated_register();
  if (!save("location")) sl_reply_error();
  exit;
}
`;
  await writeFile(file, config);
  await startProgram(
    t,
    'kamailio',
    ['-DD', '-E', '-f', file, '-Y', folder, '-P', join(folder, 'pid'), '-m', '256'],
    () => answersSip(port),
  );
  return port;
}

/** Whether anything answers a SIP request on a port. */
async function answersSip(port: number): Promise<boolean> {
  const socket = createSocket('udp4');
  try {
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const answered = once(socket, 'message').then(() => true);
    socket.send(
      `OPTIONS sip:127.0.0.1:${port} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:${socket.address().port};branch=z9hG4bKready;rport\r\n` +
        'Max-Forwards: 70\r\nFrom: <sip:bench@127.0.0.1>;tag=bench\r\nTo: <sip:bench@127.0.0.1>\r\nCall-ID: ready\r\nCSeq: 1 OPTIONS\r\n' +
        'Content-Length: 0\r\n\r\n',
      port,
      '127.0.0.1',
    );
    return await Promise.race([answered, sleep(ANSWER_MAX_MS, false)]);
  } finally {
    socket.close();
  }
}

/** The tables of PowerDNS's own schema, with the rows of our views. */
async function fillZones(pool: pg.Pool): Promise<void> {
  await makeReader(pool, 'plain_dns');
  await pool.query(`create table plain_dns.domains (
      id serial primary key, name varchar(255) not null, master varchar(128), last_check int, type text not null,
      notified_serial bigint, account varchar(40), options text, catalog text);
    create unique index name_index on plain_dns.domains (name);
    create table plain_dns.records (
      id bigserial primary key, domain_id int references plain_dns.domains (id) on delete cascade, name varchar(255),
      type varchar(10), content varchar(65535), ttl int, prio int, disabled bool default false, ordername varchar(255),
      auth bool default true);
    create index rec_name_index on plain_dns.records (name);
    create index nametype_index on plain_dns.records (name, type);
    create index domain_id on plain_dns.records (domain_id);
    create index recordorder on plain_dns.records (domain_id, ordername text_pattern_ops);
    create table plain_dns.domainmetadata (id serial primary key, domain_id int, kind varchar(32), content text);
    insert into plain_dns.domains (id, name, type) select id, name, 'NATIVE' from enforce.powerdns_domains;
    insert into plain_dns.records (domain_id, name, type, content, ttl, prio)
      select domain_id, name, type, content, ttl, prio from enforce.powerdns_records;
    grant select on all tables in schema plain_dns to plain_dns;
    analyze plain_dns.domains; analyze plain_dns.records`);
}

/** Starts PowerDNS on its own tables, with its caches off; answers its port. */
export async function startPlainPowerDns(t: Cleanup, world: World): Promise<number> {
  await fillZones(world.pool);
  const folder = await makeFolder(t, 'plain-powerdns');
  const port = await freePort();
  const url = new URL(world.connectionString);
  await writeFile(
    join(folder, 'pdns.conf'),
    `launch=gpgsql
gpgsql-host=${url.hostname}
gpgsql-port=${url.port}
gpgsql-dbname=${url.pathname.slice(1)}
gpgsql-user=plain_dns
gpgsql-password=${PASSWORD}
gpgsql-dnssec=no
local-address=127.0.0.1
local-port=${port}
socket-dir=${folder}
guardian=no
daemon=no
cache-ttl=0
query-cache-ttl=0
negquery-cache-ttl=0
`,
  );
  await startProgram(t, 'pdns_server', [`--config-dir=${folder}`], (output) =>
    output.includes('Done launching threads'),
  );
  return port;
}
