"""Where a service of AWS is called."""


def endpoint(service: str, region: str) -> str:
    """The https address of a service in a Region. The Regions of China have a domain of their own."""
    domain = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return f"https://{service}.{region}.{domain}"
