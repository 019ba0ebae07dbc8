"""Cloud Custodian's output of one policy into normalised findings: one a resource that matched it.

Custodian writes `metadata.json` and `resources.json` into one folder. An evidence file is one file, so it is an object
of both: `{"metadata": {...}, "resources": [...]}`. The list of resources alone names no policy, no run and no time, so
it is not read. Where the resources have no identity that is known here, `"id_field"` beside the two names it.

Only matches are written: the population (all users, all buckets) must come from elsewhere. `api-stats` hint at its
size and are not it. A policy without matches is no check that stayed silent, so none is said to have been executed.
"""

from buttress.evidence.data.raw_rows import MATCHES_ONLY
from buttress.evidence.importers.finding import Finding, FindingStatus
from buttress.evidence.importers.finding_uids import derived_uid
from buttress.evidence.importers.imported import Imported
from buttress.evidence.importers.json_fields import Fields, Gathered, read_whole
from buttress.evidence.importers.report import count_doubt, whole_report

_SHAPE = 'Cloud Custodian\'s two files as one, {"metadata": {...}, "resources": [...]}'
_IDENTITIES = ("Arn", "arn", "ARN")
_IDENTITY_OF = {
    "account": "account_id",
    "ami": "ImageId",
    "app-elb": "LoadBalancerArn",
    "cloudtrail": "TrailARN",
    "dynamodb-table": "TableArn",
    "ebs": "VolumeId",
    "ebs-snapshot": "SnapshotId",
    "ec2": "InstanceId",
    "efs": "FileSystemId",
    "elb": "LoadBalancerName",
    "eni": "NetworkInterfaceId",
    "kms-key": "KeyArn",
    "lambda": "FunctionArn",
    "network-addr": "AllocationId",
    "rds": "DBInstanceArn",
    "rds-cluster": "DBClusterArn",
    "rds-snapshot": "DBSnapshotArn",
    "s3": "Name",
    "security-group": "GroupId",
    "sns": "TopicArn",
    "sqs": "QueueArn",
    "subnet": "SubnetId",
    "vpc": "VpcId",
}
"""What identifies a resource of AWS that has no ARN among its members. Nothing is guessed: a volume names the snapshot
that it was made from, and a snapshot its volume."""


def read(content: bytes, *, file: str) -> Imported:
    """Every resource that matched; raises `ProblemsError` with all bad records."""
    return read_whole(content, _report, file=file, what=_SHAPE)


def _report(document: Fields, gathered: Gathered) -> Imported:
    metadata = document.needed_object("metadata")
    metadata.needed_text("policy", "name")
    id_field = document.text("id_field")
    document.needed_items("resources")
    resources = gathered.objects(document, "resources")
    findings = gathered.each(resources, lambda resource: _finding(resource, metadata, id_field))
    doubts = [MATCHES_ONLY, *count_doubt(len(resources), _resource_count(metadata))]
    return whole_report(findings, doubts=doubts)


def _resource_count(metadata: Fields) -> int | None:
    """How many matches the run counted: a folder of which one file is from another run shows here."""
    for metric in metadata.objects("metrics"):
        if metric.text("MetricName") == "ResourceCount":
            return metric.count("Value")
    return None


def _finding(resource: Fields, metadata: Fields, id_field: str) -> Finding:
    policy = metadata.needed_text("policy", "name")
    kind = metadata.text("policy", "resource")
    identity = _identity(resource, kind, id_field)
    execution, config = metadata.object("execution"), metadata.object("config")
    account = config.text("account_id")
    return Finding(
        finding_uid=derived_uid("custodian", policy, account, config.text("region"), identity),
        check_id=policy,
        check_title=metadata.text("policy", "description"),
        status=FindingStatus.FAIL,
        raw_status="match",
        status_detail="",
        is_suppressed=False,
        severity_id=0,
        time=execution.epoch_time("end_time") or execution.epoch_time("start"),
        resource_uid=identity,
        resource_name=_name(resource),
        resource_type=kind,
        region=config.text("region"),
        account_uid=account,
        provider=kind.partition(".")[0] if "." in kind else "aws",
        scan_uid=execution.text("id"),
        product="Cloud Custodian",
        product_version=metadata.text("version"),
        place=resource.place,
    )


def _identity(resource: Fields, kind: str, id_field: str) -> str:
    if id_field:
        return resource.needed_text(id_field)
    by_kind = _IDENTITY_OF.get(kind.removeprefix("aws."))
    for name in (*_IDENTITIES, *([by_kind] if by_kind else []), "id", "selfLink"):
        if isinstance(value := resource.value(name), str) and value:
            return value
    expected = "an identity: Arn, id, or the member that `id_field` beside `resources` names"
    return resource.refuse(resource.members, expected)


def _name(resource: Fields) -> str:
    known = (resource.value(name) for name in ("UserName", "RoleName", "Name", "name", "DBInstanceIdentifier"))
    return next((value for value in known if isinstance(value, str) and value), "")
