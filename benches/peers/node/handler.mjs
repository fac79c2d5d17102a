// What a user would write instead of certdrop: the AWS SDK, version 3, and node:crypto, in the most direct way.
// The same job and the same omissions as python/handler.py beside it.

import { X509Certificate, createPrivateKey } from "node:crypto";
import { ACMClient, DescribeCertificateCommand, ImportCertificateCommand } from "@aws-sdk/client-acm";
import { GetResourcesCommand, ResourceGroupsTaggingAPIClient } from "@aws-sdk/client-resource-groups-tagging-api";
import {
  GetObjectCommand, GetObjectTaggingCommand, PutObjectCommand, PutObjectTaggingCommand, S3Client,
} from "@aws-sdk/client-s3";
import { GetParametersCommand, PutParameterCommand, SSMClient } from "@aws-sdk/client-ssm";

const prefix = process.env.CERTDROP_PARAMETER_PREFIX ?? "/certdrop";
const bucket = process.env.CERTDROP_BUCKET;
const arnTag = "certdrop:certificate-arn";

const s3 = new S3Client({ forcePathStyle: "AWS_ENDPOINT_URL_S3" in process.env });
const ssm = new SSMClient({});
const acm = new ACMClient({});
const tagging = new ResourceGroupsTaggingAPIClient({});

export async function handler(event) {
  const { key: encoded, versionId } = event.Records[0].s3.object;
  const key = decodeURIComponent(encoded.replaceAll("+", " "));
  const bundle = key.replace(/^drop\//, "").replace(/\.pem$/, "");
  const parameter = `${prefix}/${bundle}/certificate-arn`;
  const object = { Bucket: bucket, Key: key, VersionId: versionId };

  const [pem, tags, parameters] = await Promise.all([
    s3.send(new GetObjectCommand(object)).then((answer) => answer.Body.transformToString()),
    s3.send(new GetObjectTaggingCommand(object)).then((answer) => answer.TagSet),
    ssm.send(new GetParametersCommand({ Names: [parameter, `${prefix}/${bundle}/private-key`], WithDecryption: true }))
      .then((answer) => answer.Parameters),
  ]);
  const recorded = parameters.find((one) => one.Name === parameter)?.Value;

  const { leaf, chain, privateKey } = judge(pem);
  let arn = tags.find((tag) => tag.Key === arnTag)?.Value ?? recorded ?? (await byTag(bundle));
  let there = arn && (await acm.send(new DescribeCertificateCommand({ CertificateArn: arn }))).Certificate;
  let outcome;
  if (there && there.Serial.replaceAll(":", "").toLowerCase() === leaf.serialNumber.toLowerCase()) {
    outcome = "unchanged";
  } else if (there && there.NotBefore > new Date(leaf.validFrom)) {
    outcome = "outdated";
  } else {
    outcome = there ? "replaced" : "imported";
    const where = arn ? { CertificateArn: arn } : { Tags: [{ Key: "certdrop:bundle", Value: bundle }] };
    if (chain.length > 0) where.CertificateChain = Buffer.from(chain.join(""));
    const imported = await acm.send(new ImportCertificateCommand({
      Certificate: Buffer.from(leaf.toString()),
      PrivateKey: Buffer.from(privateKey.export({ type: "pkcs8", format: "pem" })),
      ...where,
    }));
    arn = imported.CertificateArn;
    there = (await acm.send(new DescribeCertificateCommand({ CertificateArn: arn }))).Certificate;
  }

  const wanted = [
    ...tags.filter((tag) => tag.Key !== arnTag && tag.Key !== "certdrop:outcome"),
    { Key: arnTag, Value: arn },
    { Key: "certdrop:outcome", Value: outcome },
  ];
  const summary = { outcome, bundle, certificate_arn: arn, certificate: there };
  await Promise.all([
    s3.send(new PutObjectTaggingCommand({ ...object, Tagging: { TagSet: wanted } })),
    recorded !== arn &&
      ssm.send(new PutParameterCommand({ Name: parameter, Value: arn, Type: "String", Overwrite: true })),
    s3.send(new PutObjectCommand({
      Bucket: bucket, Key: `summaries/${bundle}/${versionId}.json`, Body: JSON.stringify(summary),
      ContentType: "application/json",
    })),
  ]);
  return summary;
}

// Leaf, chain and key, if ACM would take them.
function judge(pem) {
  const privateKey = createPrivateKey(pem);
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g);
  const certificates = blocks.map((block) => new X509Certificate(block));
  const leaf = certificates.find((one) => one.checkPrivateKey(privateKey));
  const now = new Date();
  if (now < new Date(leaf.validFrom) || now > new Date(leaf.validTo)) throw new Error("not valid now");
  const chain = [];
  for (let last = leaf; ;) {
    const issuer = certificates.find((one) => one !== last && !chain.includes(one) && last.checkIssued(one));
    if (!issuer) return { leaf, chain, privateKey };
    if (!last.verify(issuer.publicKey)) throw new Error("the chain does not hold");
    if (issuer.subject === issuer.issuer) return { leaf, chain, privateKey };
    chain.push(issuer);
    last = issuer;
  }
}

async function byTag(bundle) {
  const filters = [{ Key: "certdrop:bundle", Values: [bundle] }];
  const found = await tagging.send(
    new GetResourcesCommand({ TagFilters: filters, ResourceTypeFilters: ["acm:certificate"] }));
  return found.ResourceTagMappingList[0]?.ResourceARN;
}
