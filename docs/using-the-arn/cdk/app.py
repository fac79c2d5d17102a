"""A listener that serves the certificate of the bundle www.example.com.

pip install aws-cdk-lib; python app.py
"""

import aws_cdk as cdk
from aws_cdk import aws_elasticloadbalancingv2 as elb
from aws_cdk import aws_ssm as ssm


class Site(cdk.Stack):
    def __init__(self, scope, name):
        super().__init__(scope, name)
        load_balancer_arn = cdk.CfnParameter(self, "LoadBalancerArn").value_as_string
        target_group_arn = cdk.CfnParameter(self, "TargetGroupArn").value_as_string
        # A parameter of the template, which CloudFormation reads whenever the stack is deployed.
        certificate_arn = ssm.StringParameter.value_for_string_parameter(
            self, "/certdrop/www.example.com/certificate-arn")
        elb.CfnListener(
            self, "Listener",
            load_balancer_arn=load_balancer_arn, port=443, protocol="HTTPS",
            ssl_policy="ELBSecurityPolicy-TLS13-1-2-2021-06",
            certificates=[elb.CfnListener.CertificateProperty(certificate_arn=certificate_arn)],
            default_actions=[elb.CfnListener.ActionProperty(type="forward", target_group_arn=target_group_arn)])


app = cdk.App()
Site(app, "site")
app.synth()
