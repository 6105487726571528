/** The customers of the sample operator: who they are and how large. Everybody and everything in it is invented. */

export interface SampleReseller {
  readonly reference: string;
  readonly name: string;
  readonly email: string;
  readonly country: string;
  readonly timezone: string;
  /** The ENUM range and the first of its numbers: ranges that regulators keep for fiction, or of no subscriber. */
  readonly prefix: string;
  readonly numbers: number;
  readonly customers: readonly string[];
}

export const SAMPLE_RESELLERS: readonly SampleReseller[] = [
  {
    reference: 'R-100',
    name: 'Noordlicht Telecom',
    email: 'beheer@noordlicht.example',
    country: 'NL',
    timezone: 'Europe/Amsterdam',
    prefix: '31208005',
    numbers: 200,
    customers: [
      'Bakkerij Jansen',
      'Fietsen van Dijk',
      'Grachtenhotel',
      'Havenbedrijf Oost',
      'Huisartsen Zuid',
      'Kaasmakerij de Weide',
      'Makelaardij Vos',
      'Notaris Bakker',
      'Openbare Bibliotheek',
      'Polder Logistiek',
      'Rederij Zilt',
      'Stadstheater',
      'Tandartsen Centrum',
      'Tulpen Export',
      'Veiling Noord',
      'Windmolen Energie',
    ],
  },
  {
    reference: 'R-200',
    name: 'Alpenfunk Kommunikation',
    email: 'betrieb@alpenfunk.example',
    country: 'DE',
    timezone: 'Europe/Berlin',
    prefix: '493023125',
    numbers: 150,
    customers: [
      'Müller Uhren',
      'Bergbahn Süd',
      'Brauerei Hirsch',
      'Druckerei Weber',
      'Gärtnerei Grün',
      'Kanzlei Roth',
      'Klinik am See',
      'Maschinenbau Krause',
      'Möbelhaus König',
      'Optik Sommer',
      'Privatschule Linde',
      'Reisebüro Fernweh',
      'Schreinerei Holz',
      'Sternwarte Verein',
    ],
  },
  {
    reference: 'R-300',
    name: 'Celtic Voice',
    email: 'noc@celticvoice.example',
    country: 'GB',
    timezone: 'Europe/London',
    prefix: '442079460',
    numbers: 150,
    customers: [
      'Abbey Books',
      'Borough Council Demo',
      'Castle Tours',
      'Dockside Studios',
      'Fern Hill Surgery',
      'Glen Distillery',
      'Harbour Seafood',
      'Lighthouse Insurance',
      'Moorland Rangers',
      'Thistle Taxis',
    ],
  },
];

/** Parts of a customer that become its sub-accounts; the third is a part of the second. */
export const SAMPLE_BRANCHES: readonly string[] = ['Head office', 'Branch', 'Branch reception'];

export const SAMPLE_FIRST_NAMES: readonly string[] = [
  'anna',
  'bram',
  'clara',
  'david',
  'emma',
  'finn',
  'greta',
  'hugo',
  'iris',
  'jonas',
  'klara',
  'liam',
  'mia',
  'noah',
  'olga',
  'paul',
  'rosa',
  'sven',
  'tessa',
  'umar',
  'vera',
  'willem',
  'yara',
  'zoe',
];

export const SAMPLE_LAST_NAMES: readonly string[] = [
  'adler',
  'bakker',
  'carr',
  'devries',
  'evans',
  'fischer',
  'grant',
  'hansen',
  'ibrahim',
  'jansen',
  'keller',
  'lowe',
  'maas',
  'novak',
  'otten',
  'price',
  'quinn',
  'reid',
  'smit',
  'tanner',
  'urban',
  'visser',
  'walsh',
  'young',
  'zimmer',
];
