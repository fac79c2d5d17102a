# A listener that serves the certificate of the bundle www.example.com.

variable "load_balancer_arn" {
  type = string
}

variable "target_group_arn" {
  type = string
}

data "aws_ssm_parameter" "certificate_arn" {
  name = "/certdrop/www.example.com/certificate-arn"
}

resource "aws_lb_listener" "https" {
  load_balancer_arn = var.load_balancer_arn
  port              = 443
  protocol          = "HTTPS"
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"
  # The provider marks every parameter's value as sensitive. An ARN is not.
  certificate_arn = nonsensitive(data.aws_ssm_parameter.certificate_arn.value)

  default_action {
    type             = "forward"
    target_group_arn = var.target_group_arn
  }
}
