/**
 * The secret keys with which an installation may be sealed: one, or two while a rotation has not come to its end. They
 * are read once; the database then says which of them is in force.
 */
import type { StartLog } from './start-log.ts';
import {
  findNextSecretKey,
  findSecretKey,
  forgetNextSecretKey,
  loadSecretKey,
  readNewSecretKey,
  secretPath,
  takeNextSecretKey,
} from './secret-key.ts';

export interface SecretKeys {
  /** The likelier first. */
  readonly candidates: readonly [Buffer, ...Buffer[]];
  /** Where the key is kept, for messages. */
  readonly place: string;
  /** Brings a rotation to its end, now that it is known which key is in force. Only the holder of the data folder may. */
  readonly settle: (inForce: Buffer, log: StartLog) => Promise<void>;
}

export interface SecretKeyPlaces {
  readonly dataFolder: string;
  /** The value of ABEYANCE_SECRET_KEY. */
  readonly secretKey: string | undefined;
  /** The value of ABEYANCE_NEW_SECRET_KEY, which counts where the environment gives the key at all. */
  readonly newSecretKey?: string | undefined;
}

/** Reads the keys, and makes one at the first start. Throws DatabaseStartError for one that cannot be used. */
export async function loadSecretKeys(places: SecretKeyPlaces): Promise<SecretKeys> {
  await loadSecretKey(places.dataFolder, places.secretKey);
  const keys = await findSecretKeys(places);
  if (keys === null) throw new Error('The secret key that was just there is gone.');
  return keys;
}

/** Reads the keys; null where none has been made yet. */
export async function findSecretKeys(places: SecretKeyPlaces): Promise<SecretKeys | null> {
  const { dataFolder, secretKey, newSecretKey } = places;
  const current = await findSecretKey(dataFolder, secretKey);
  if (current === null) return null;
  if (secretKey) {
    const next = readNewSecretKey(newSecretKey);
    return {
      candidates: next === null || next.equals(current) ? [current] : [current, next],
      place: 'the value of ABEYANCE_SECRET_KEY',
      settle: async (inForce, log) => {
        if (!inForce.equals(current))
          log.warn({}, 'the key of ABEYANCE_NEW_SECRET_KEY is in force: set ABEYANCE_SECRET_KEY to it');
      },
    };
  }
  const next = await findNextSecretKey(dataFolder);
  let isSettled = next === null;
  return {
    candidates: next === null ? [current] : [current, next],
    place: secretPath(dataFolder),
    settle: async (inForce, log) => {
      if (isSettled) return;
      isSettled = true;
      if (inForce.equals(current)) {
        await forgetNextSecretKey(dataFolder);
        log.warn({}, 'a rotation of the secret key was interrupted before it took effect; the key is the former one');
      } else {
        await takeNextSecretKey(dataFolder);
        log.warn(
          {},
          'a rotation of the secret key was interrupted when it had taken effect; the new key is in its place',
        );
      }
    },
  };
}
