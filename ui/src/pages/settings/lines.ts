/** Lines that set up a client, to paste. Keys stand for those of the reader: the console never has a secret key. */

export const CLIENTS = ["aws", "boto3", "rclone", "mc"] as const;
export type Client = (typeof CLIENTS)[number];

export interface Place {
  /** The URL of S3. */
  readonly s3: string;
  readonly region: string;
}

export const ACCESS_KEY = "YOUR_ACCESS_KEY";
export const SECRET_KEY = "YOUR_SECRET_KEY";

/** What has a client reach the store, and list its buckets. */
export function linesFor(client: Client, { s3, region }: Place): string {
  return LINES[client]({ s3, region }).join("\n");
}

const LINES: Record<Client, (place: Place) => string[]> = {
  aws: ({ s3, region }) => [
    `export AWS_ACCESS_KEY_ID=${ACCESS_KEY}`,
    `export AWS_SECRET_ACCESS_KEY=${SECRET_KEY}`,
    `export AWS_DEFAULT_REGION=${region}`,
    `export AWS_ENDPOINT_URL=${s3}`,
    "aws s3 ls",
  ],
  boto3: ({ s3, region }) => [
    "import boto3",
    "from botocore.config import Config",
    "",
    "s3 = boto3.client(",
    '    "s3",',
    `    endpoint_url="${s3}",`,
    `    region_name="${region}",`,
    `    aws_access_key_id="${ACCESS_KEY}",`,
    `    aws_secret_access_key="${SECRET_KEY}",`,
    '    config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),',
    ")",
    'print([bucket["Name"] for bucket in s3.list_buckets()["Buckets"]])',
  ],
  rclone: ({ s3, region }) => [
    "export RCLONE_CONFIG_PLANETSTORE_TYPE=s3",
    "export RCLONE_CONFIG_PLANETSTORE_PROVIDER=Other",
    `export RCLONE_CONFIG_PLANETSTORE_ENDPOINT=${s3}`,
    `export RCLONE_CONFIG_PLANETSTORE_REGION=${region}`,
    `export RCLONE_CONFIG_PLANETSTORE_ACCESS_KEY_ID=${ACCESS_KEY}`,
    `export RCLONE_CONFIG_PLANETSTORE_SECRET_ACCESS_KEY=${SECRET_KEY}`,
    "rclone lsd planetstore:",
  ],
  mc: ({ s3 }) => [
    `mc alias set planetstore ${s3} ${ACCESS_KEY} ${SECRET_KEY} --api S3v4 --path on`,
    "mc ls planetstore",
  ],
};
