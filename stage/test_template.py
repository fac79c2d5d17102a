"""What template.yaml has to say in several places that CloudFormation does not compare."""

import json
import re
import unittest

try:
    import policy
except ImportError as missing:  # PyYAML, which `make check` has in .tools/sam
    raise unittest.SkipTest(str(missing)) from None

TEXT = (policy.ROOT / "template.yaml").read_text()
OWN = "certdrop"


def template(**parameters):
    return policy.Template(TEXT, parameters, policy.ON_AWS)


def resources(kind):
    found = template().template["Resources"].items()
    return {name: resource["Properties"] for name, resource in found if resource["Type"] == kind}


def dashboard():
    """The dashboard's widgets, with names in place of ARNs and the defaults of numbers."""
    read = template()
    body = read.template["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    parameters = read.template["Parameters"]
    known = lambda name: str(parameters[name]["Default"]) if name in parameters else name
    return json.loads(re.sub(r"\$\{([^}]+)\}", lambda found: known(found[1]), body))["widgets"]


class Watching(unittest.TestCase):
    def test_every_alarm_of_a_metric_of_certdrop_names_the_stack(self):
        own = [alarm for alarm in resources("AWS::CloudWatch::Alarm").values() if alarm["Namespace"] == OWN]
        self.assertGreaterEqual(len(own), 4)
        for alarm in own:
            self.assertEqual(alarm["Dimensions"], [{"Name": "stack", "Value": {"Ref": "AWS::StackName"}}])

    def test_every_metric_of_certdrop_on_the_dashboard_names_the_stack(self):
        own = 0
        for widget in dashboard():
            before = []
            for metric in widget["properties"].get("metrics", []):
                if isinstance(metric[0], dict):
                    self.assertIn('stack="AWS::StackName"', metric[0]["expression"])
                    continue
                words = [word for word in metric if isinstance(word, str)]
                before = [old if word == "." else word for word, old in zip(words, before + words)]
                if before[0] == OWN:
                    own += 1
                    self.assertEqual(before[2:], ["stack", "AWS::StackName"], metric)
        self.assertGreaterEqual(own, 10)

    def test_the_dashboard_shows_every_alarm(self):
        shown = [alarm for widget in dashboard() for alarm in widget["properties"].get("alarms", [])]
        self.assertEqual(sorted(shown), sorted(f"{name}.Arn" for name in resources("AWS::CloudWatch::Alarm")))


class Stacks(unittest.TestCase):
    def test_every_name_is_the_stacks_own(self):
        names = ("FunctionName", "QueueName", "TopicName", "AlarmName", "RoleName", "PolicyName", "LogGroupName",
                 "DashboardName", "Name", "BucketName")
        for resource, about in template().template["Resources"].items():
            for name in names:
                given = about.get("Properties", {}).get(name)
                self.assertTrue(given is None or "${AWS::StackName}" in str(given) or "AWS::StackId" in str(given),
                                f"{resource} is named {given}")
        sweep = resources("AWS::Serverless::Function")["Function"]["Events"]["Sweep"]["Properties"]
        self.assertTrue(sweep["OmitName"], "SAM names the schedule after its logical id")


    def test_who_drops_bundles_is_told_what_the_function_is_told(self):
        read = template(OnRefusedByClients="import", DropPrefix="inbox/", ParameterPrefix="/other")
        settings = json.loads(read.resolve(read.template["Resources"]["Settings"]["Properties"]["Value"]))
        self.assertEqual(settings.pop("CERTDROP_KEY_ARN"), policy.ON_AWS["Key.Arn"])
        function = read.template["Resources"]["Function"]["Properties"]["Environment"]["Variables"]
        self.assertEqual(settings, {name: read.resolve(function[name]) for name in settings})
        self.assertEqual(settings["CERTDROP_DROP_PREFIX"], "inbox/")


class Queue(unittest.TestCase):
    def test_work_is_hidden_six_times_as_long_as_the_function_may_run(self):
        timeout = resources("AWS::Serverless::Function")["Function"]["Timeout"]
        self.assertEqual(resources("AWS::SQS::Queue")["Work"]["VisibilityTimeout"], 6 * timeout)

    def test_the_queue_takes_events_of_the_bucket_that_the_stack_makes(self):
        for given, name in (({}, f"certdrop-{policy.ACCOUNT}-{policy.STACK[-12:]}"),
                            ({"BucketName": "bundles"}, "bundles")):
            read = template(**given)
            made = read.resolve(read.template["Resources"]["Bucket"]["Properties"]["BucketName"])
            statement = next(document for resource, _, document in read.documents() if resource == "WorkPolicy")
            source = statement["Statement"][0]["Condition"]["ArnEquals"]["aws:SourceArn"]
            self.assertEqual((made, source), (name, f"arn:aws:s3:::{name}"))


class Tags(unittest.TestCase):
    OWN = ["certdrop:managed", "certdrop:bundle"]

    def keys(self, **parameters):
        """The keys of tags that each statement lets through; those of AWS, which nobody can set, left out."""
        found = {}
        for statement in template(**parameters).statements("FunctionRole"):
            keys = statement.get("Condition", {}).get("ForAllValues:StringEquals", {}).get("aws:TagKeys")
            if keys is not None:
                self.assertNotIn("", keys)
                found[statement["Sid"]] = sorted({key for key in keys if key != "aws:"})
        return found

    def test_without_tags_of_the_operator_nothing_more_may_be_tagged(self):
        self.assertEqual(self.keys(), {"ImportNewOnesUnderItsTags": sorted(self.OWN)})
        actions = [action for statement in template().statements("FunctionRole") for action in statement["Action"]]
        self.assertNotIn("acm:RemoveTagsFromCertificate", actions)

    def test_the_keys_of_the_parameters_are_let_through_and_no_others(self):
        ten = ",".join(f"k{number}=v{number}" for number in range(10))
        for tags, uploaders, former, set_by_us, removed in (
            ("team=payments", "", "", ["team"], []),
            ("team=payments,Cost Center=a=b,empty=", "", "", ["Cost Center", "empty", "team"], []),
            (ten, "", "", [f"k{number}" for number in range(10)], []),
            ("", "owner,team", "", ["owner", "team"], []),
            ("", "", "team,env", [], ["env", "team"]),
            ("team=payments", "owner", "env", ["owner", "team"], ["env"]),
        ):
            keys = self.keys(CertificateTags=tags, UploaderTagKeys=uploaders, FormerTagKeys=former)
            own = ["certdrop:own-tags", *set_by_us]
            self.assertEqual(keys, {"ImportNewOnesUnderItsTags": sorted([*self.OWN, *own]),
                                    "TagItsOwn": sorted([*own, *removed])})

    def test_only_certificates_of_certdrop_are_tagged(self):
        read = template(CertificateTags="team=payments", Regions="us-east-1")
        statement = next(one for one in read.statements("FunctionRole") if one["Sid"] == "TagItsOwn")
        self.assertEqual(statement["Condition"]["StringEquals"],
                         {"aws:ResourceTag/certdrop:managed": "true",
                          "aws:RequestedRegion": [policy.REGION, "us-east-1"]})

    def test_parameters_take_what_the_function_takes(self):
        patterns = {name: about["AllowedPattern"] for name, about in template().template["Parameters"].items()
                    if "AllowedPattern" in about}
        eleven = ",".join(f"k{number}=v" for number in range(11))
        for name, text, is_taken in (
            ("CertificateTags", "", True),
            ("CertificateTags", "team=payments,cost-center=42", True),
            ("CertificateTags", "team=", True),
            ("CertificateTags", "team=a=b+c", True),
            ("CertificateTags", "team", False),
            ("CertificateTags", "=payments", False),
            ("CertificateTags", "team=a,", False),
            ("CertificateTags", "certdrop:managed=false", False),
            ("CertificateTags", "team=a,aws:x=b", False),
            ("CertificateTags", eleven, False),
            ("UploaderTagKeys", "team,Cost Center", True),
            ("UploaderTagKeys", "team=a", False),
            ("UploaderTagKeys", "certdrop:bundle", False),
            ("FormerTagKeys", "team,,owner", False),
            ("FormerTagKeys", "a+b", False),
        ):
            self.assertEqual(re.fullmatch(patterns[name], text) is not None, is_taken, f"{name}: {text}")


class Keys(unittest.TestCase):
    def test_bundles_are_taken_under_the_stacks_key_alone(self):
        sse = "s3:x-amz-server-side-encryption"
        key_id, customer = f"{sse}-aws-kms-key-id", f"{sse}-customer-algorithm"
        ours = policy.ON_AWS["Key.Arn"]
        another = ours.replace(policy.ACCOUNT, "999999999999")
        for headers, is_taken in (
            ({}, True),
            ({sse: "aws:kms", key_id: ours}, True),
            ({sse: "aws:kms:dsse", key_id: ours}, True),
            ({sse: "AES256"}, False),
            ({sse: "aws:kms"}, False),  # AWS's own key for S3
            ({sse: "aws:kms", key_id: another}, False),
            ({sse: "aws:kms", key_id: "alias/another"}, False),
            ({customer: "AES256"}, False),
        ):
            self.assertEqual(is_taken, not refusals(headers), headers)

    def test_a_key_is_used_through_services_by_both_of_their_names(self):
        for resource, name, document in template().documents():
            for statement in document["Statement"]:
                services = statement.get("Condition", {}).get("StringEquals", {}).get("kms:ViaService")
                # The suffixes are the same where the documents are filled in, so each service is there twice.
                if services is not None:
                    counts = {service: services.count(service) for service in services}
                    self.assertEqual(set(counts.values()), {2}, f"{resource}, {name}: {services}")

    def test_imported_bundles_go_after_bundle_days_and_others_do_not(self):
        def rules(**parameters):
            read = template(**parameters)
            bucket = read.template["Resources"]["Bucket"]["Properties"]
            found = read.resolve(bucket["LifecycleConfiguration"])["Rules"]
            self.assertEqual(len({rule["Id"] for rule in found}), len(found))
            return {rule["TagFilters"][0]["Value"]: rule for rule in found if "TagFilters" in rule}

        self.assertEqual(rules(), {})
        gone = rules(BundleDays="30")
        self.assertEqual(sorted(gone), ["imported", "replaced", "unchanged"])
        for rule in gone.values():
            self.assertEqual(rule["TagFilters"][0]["Key"], "certdrop:outcome")
            self.assertEqual((rule["Prefix"], rule["ExpirationInDays"]), ("drop/", "30"))
            self.assertEqual(rule["NoncurrentVersionExpiration"], {"NoncurrentDays": 1})


class Secrets(unittest.TestCase):
    def test_only_the_secrets_that_are_named_can_be_read_and_none_by_default(self):
        def statements(**parameters):
            found = template(**parameters).statements("FunctionRole")
            return {statement["Sid"]: statement for statement in found if "secretsmanager" in json.dumps(statement)}

        self.assertEqual(statements(), {})
        arns = [f"arn:aws:secretsmanager:{policy.REGION}:{policy.ACCOUNT}:secret:{name}" for name in ("tls/*", "a-??????")]
        read, decrypt = statements(SecretArns=",".join(arns)).values()
        self.assertEqual(read["Action"], ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"])
        self.assertEqual(read["Resource"], arns)
        self.assertEqual(decrypt["Action"], "kms:Decrypt")
        self.assertEqual(decrypt["Condition"]["StringLike"], {"kms:EncryptionContext:SecretARN": arns})

    def test_the_pattern_takes_lists_of_arns_of_secrets_and_nothing_else(self):
        pattern = template().template["Parameters"]["SecretArns"]["AllowedPattern"]
        arn = f"arn:aws:secretsmanager:{policy.REGION}:{policy.ACCOUNT}:secret:tls/*"
        for value, is_taken in (("", True), (arn, True), (f"{arn},{arn}", True), ("*", False), ("tls/*", False),
                                (f"{arn},", False), (f"{arn}, {arn}", False), (arn.replace("secret:", ""), False),
                                (arn.replace(policy.ACCOUNT, "*"), False)):
            self.assertEqual(re.search(pattern, value) is not None, is_taken, value)


def refusals(headers):
    """The statements of the bucket's policy that refuse an upload with these headers, as IAM judges them: a condition
    that negates holds for a key that is not there."""
    bucket = next(document for resource, _, document in template().documents() if resource == "BucketPolicy")
    holds = {
        "Null": lambda key, value: (key not in headers) == (value == "true"),
        "StringNotEquals": lambda key, value: headers.get(key) != value,
        "Bool": lambda key, value: False,  # the upload is over TLS
    }
    return [statement["Sid"] for statement in bucket["Statement"]
            if all(holds[operator](key, value) for operator, keys in statement["Condition"].items()
                   for key, value in keys.items())]


if __name__ == "__main__":
    unittest.main()
