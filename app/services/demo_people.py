"""The demo users, the groups that each is in, and the platform's own roles beside the policy's."""

from __future__ import annotations

from collections.abc import Mapping

# code -> (Chinese, English); processes/groups.yaml adds the lanes' groups and may rename these.
PLATFORM_GROUPS: Mapping[str, tuple[str, str]] = {
    "clerk": ("客服专员", "Service clerk"),
    "supervisor": ("客服主管", "Service supervisor"),
    "relations": ("客户关系专员", "Customer relations officer"),
    "engineer": ("售后工程师", "Service engineer"),
    "tech_manager": ("技术支持经理", "Technical support manager"),
    "logistics": ("物流专员", "Logistics officer"),
    "marketing": ("市场营销部", "Marketing department"),
    "manufacturing": ("制造中心", "Manufacturing centre"),
    "quality": ("技术质量部门", "Quality department"),
    "warehouse": ("库房", "Warehouse"),
    "finance": ("财务部", "Finance department"),
    "general_affairs": ("综合部", "General affairs department"),
    "general_manager": ("总经理", "General manager"),
    "department_head": ("部门负责人", "Department head"),
    "director": ("售后总监", "After-sales director"),
    "task_force": ("跨部门专项组", "Cross-department task force"),
    "appeals": ("申诉专人", "Appeals officer"),
    "supplier": ("供应商", "Supplier"),
    "customer": ("客户", "Customer"),
    "system": ("系统", "System"),
    "product": ("产品部", "Product department"),
    "research": ("研发部", "Research department"),
    "manager": ("售后经理", "After-sales manager"),
    "owner": ("流程负责人", "Process owner"),
    "compliance": ("合规专员", "Compliance officer"),
    "admin": ("系统管理员", "Administrator"),
}

# username -> (display name, groups beside the one of its own name); ARCHITECTURE section 8.
DEMO_PEOPLE: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "clerk": ("陈晓雯", ("relations",)),
    "engineer": ("李志强", ("tech_manager", "logistics")),
    "supervisor": ("王丽华", ()),
    "marketing": ("赵明轩", ("supplier",)),
    "manufacturing": ("孙建国", ("product", "research")),
    "quality": ("周慧敏", ()),
    "warehouse": ("吴大勇", ()),
    "finance": ("郑雅琴", ()),
    "general_affairs": ("冯玉洁", ()),
    "general_manager": ("沈国栋", ()),
    "director": ("韩立新", ()),
    "appeals": ("杨静怡", ()),
    "manager": ("朱文博", ("department_head", "task_force")),
    "owner": ("秦海涛", ()),
    "compliance": ("许若兰", ()),
    "admin": ("何子安", ()),
}
